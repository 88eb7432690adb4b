"""Pictures with content credentials stay valid through every export, judged by C2PA's own library."""

import datetime
import io
import json

import pandas as pd
import pytest
from PIL import Image

import segflux_nb as sf
from segflux_nb.errors import MetadataError
from segflux_nb.exporting.marking import GENERATED, mark
from segflux_nb.exporting.metadata import describe, embed
from tests.metadata.test_written_again import PARAMETERS

c2pa = pytest.importorskip("c2pa", reason="c2pa-python is not installed: see make packaging")
x509 = pytest.importorskip("cryptography.x509")

FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


@pytest.fixture(scope="module")
def signer():
    """A signer with a certificate of its own authority, as C2PA's profile of certificates asks for."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    now = datetime.datetime.now(datetime.UTC)
    keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("authority", "signer")}

    def certificate(name, is_authority):
        authority = keys["authority"].public_key()
        usage = dict.fromkeys(
            (
                *("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
                *("encipher_only", "decipher_only"),
            ),
            False,
        )
        made = (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .issuer_name(_named("authority"))
            .public_key(keys[name].public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=9))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=not is_authority, key_cert_sign=is_authority, crl_sign=is_authority, **usage
                ),
                critical=True,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(keys[name].public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority), critical=False)
        )
        if not is_authority:
            uses = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.EMAIL_PROTECTION])
            made = made.add_extension(uses, critical=False)
        return made.sign(keys["authority"], hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    chain = certificate("signer", False) + certificate("authority", True)
    key = keys["signer"].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return c2pa.Signer.from_info(c2pa.C2paSignerInfo(b"es256", chain, key, None))


def _named(name):
    common = x509.NameAttribute(x509.NameOID.COMMON_NAME, name)
    return x509.Name([common, x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "segflux_nb's tests")])


@pytest.fixture(scope="module")
def signed(signer):
    """A picture of each format with content credentials that say that a model made it."""
    manifest = {
        "claim_generator_info": [{"name": "tests", "version": "1"}],
        "title": "a picture",
        "assertions": [
            {
                "label": "c2pa.actions",
                "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": GENERATED}]},
            }
        ],
    }
    made = {}
    for kind, mime in FORMATS.items():
        plain = io.BytesIO()
        Image.new("RGB", (64, 48), "orange").save(plain, kind)
        plain.seek(0)
        target = io.BytesIO()
        with c2pa.Builder(manifest) as builder:
            builder.sign(signer, mime, plain, target)
        made[kind] = target.getvalue()
    return made


def state(data, mime):
    with c2pa.Reader(mime, io.BytesIO(data)) as reader:
        return json.loads(reader.json())["validation_state"]


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("way", ["export", "export without metadata", "imagefolder"])
def test_credentials_stay_valid_through_an_export(kind, way, signed, tmp_path, monkeypatch):
    from segflux_nb.exporting.folder import export
    from segflux_nb.exporting.imagefolder import export_imagefolder

    data, mime = signed[kind], FORMATS[kind]
    assert state(data, mime) == "Valid", "before"
    file = tmp_path / f"a.{kind.lower()}"
    file.write_bytes(data)
    frame = pd.DataFrame([{"image": str(file), "run": "r0", "service": "segmind", **PARAMETERS}])
    out = tmp_path / "out"
    if way == "imagefolder":
        export_imagefolder(frame, out)
    else:
        export(frame, out, metadata=way == "export")
    (copy,) = [path for path in out.rglob("r0.*") if path.suffix != ".json"]
    assert state(copy.read_bytes(), mime) == "Valid"
    if "without" not in way:
        assert sf.read_metadata(copy).parameters["seed"] == PARAMETERS["seed"]


@pytest.mark.parametrize("kind", FORMATS)
def test_our_reader_of_containers_finds_real_credentials(kind, signed):
    with pytest.raises(MetadataError, match="C2PA"):
        embed(signed[kind], describe(PARAMETERS))
    with pytest.raises(MetadataError, match="C2PA"):
        mark(signed[kind], GENERATED)
