// The module of the gallery's widget.

import { Gallery } from "./gallery/gallery.js";
import { rendering } from "./shared/widget.js";

export default { render: rendering((model, root) => new Gallery(model, root)) };
