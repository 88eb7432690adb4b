"""Texts that try to break the programs that show them."""

MARKUP = [
    "<script>alert('pwned')</script>",
    "\"><img src=x onerror=alert('pwned')>",
    "{{ 7 * 7 }} {% include 'x' %} ${7*7} {0.__class__}",
    "</style><style>*{display:none}</style>",
    "javascript:alert('pwned')",
]
CONTROL = ["a\u202egnp.exe", "a\x1b[31mred\x00\x07b", "two\r\nlines\ttab", "zero\u200bwidth\ufeff"]
FORMULAS = ["=cmd|' /C calc'!A1", "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "＝1+1"]
PATHS = ["../../etc/passwd", "C:\\Windows\\x", "CON", "a/b\\c:d*e?f", "." * 5, "x" * 400]
SCRIPTS = ["山の湖の夜明け", "بحيرة جبلية", "fox 🦊 👩‍🚀", "é × ł Ω → ☃", "\ue000 private"]
PAYLOADS = [*MARKUP, *CONTROL, *FORMULAS, *PATHS, *SCRIPTS]
