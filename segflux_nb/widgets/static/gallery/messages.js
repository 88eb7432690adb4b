// What a gallery's Python and JavaScript tell each other: the types of segflux_nb/widgets/gallery_messages.py for this
// side. tests/widgets/test_gallery_messages.py holds the two to each other.

/**
 * @typedef {object} Coded A column: each distinct value once, and for each row the place of its value among them.
 * @property {string} name
 * @property {string[]} values
 * @property {any[]} [raw]
 * @property {number} missing
 * @property {"number" | "text" | "truth"} kind
 * @property {boolean} axis
 * @property {boolean} lays_out
 * @property {number} at
 * @property {number} bytes
 *
 * @typedef {object} Selected How Python selects a row.
 * @property {"one" | "loc" | "iloc"} by
 * @property {string[]} names
 * @property {any[]} labels
 *
 * @typedef {object} Table All rows of a gallery.
 * @property {number} number
 * @property {string[] | string} names
 * @property {Coded[]} columns
 * @property {Coded} widths
 * @property {Record<string, string[]>} troubles
 * @property {Record<string, number[]>} more
 * @property {Record<string, string>} plus
 * @property {Selected} select
 * @property {string[]} parameters
 * @property {string[]} later
 *
 * @typedef {object} Marks What one rater says, by the number of the row.
 * @property {Record<string, number>} stars
 * @property {Record<string, boolean>} pick
 * @property {Record<string, string>} note
 *
 * @typedef {object} Mark A change of a mark: what is null is taken away, what is left out stays.
 * @property {number | null} [stars]
 * @property {boolean | null} [pick]
 * @property {string | null} [note]
 *
 * @typedef {object} Change One mark for some rows.
 * @property {number[]} at
 * @property {Mark} mark
 *
 * @typedef {object} View How the rows are laid out, and which are shown.
 * @property {string} [cols]
 * @property {string} [rows]
 * @property {string} [by]
 * @property {string} [sort]
 * @property {boolean} [down]
 * @property {string} [stars]
 * @property {string} [flag]
 * @property {Record<string, string[]>} [hidden]
 * @property {Record<string, string>} [held]
 * @property {Record<string, (number | null)[]>} [ranges]
 * @property {string} [search]
 * @property {number[]} [cell]
 * @property {number} [size]
 * @property {boolean} [fit]
 *
 * @typedef {object} FormField A parameter that can be changed to run a picture again.
 * @property {string} name
 * @property {"text" | "integer" | "number" | "choice"} kind
 * @property {string} allowed
 * @property {string[]} choices
 */

/**
 * @typedef {object} AskMark
 * @property {"mark"} kind
 * @property {number} id
 * @property {Change[]} changes
 *
 * @typedef {object} AskRater
 * @property {"rater"} kind
 * @property {string} name
 *
 * @typedef {object} AskDifference
 * @property {"difference"} kind
 * @property {number[]} pair
 *
 * @typedef {object} AskColumns
 * @property {"columns"} kind
 *
 * @typedef {object} AskPrice
 * @property {"price"} kind
 * @property {number} id
 * @property {number} at
 * @property {Record<string, string>} fields
 *
 * @typedef {object} AskRun
 * @property {"run"} kind
 * @property {number} offer
 *
 * @typedef {object} AskSave
 * @property {"save"} kind
 * @property {"sheet" | "html"} form
 * @property {number[]} rows
 *
 * @typedef {AskMark | AskRater | AskDifference | AskColumns | AskPrice | AskRun | AskSave} Asked
 */

/**
 * @typedef {object} TellMarks
 * @property {"marked"} kind
 * @property {number} id
 * @property {string} rater
 * @property {Change[]} changes
 *
 * @typedef {object} TellError
 * @property {"error"} kind
 * @property {string} text
 * @property {number} [id]
 *
 * @typedef {object} TellColumns
 * @property {"columns"} kind
 * @property {Coded[]} columns
 *
 * @typedef {object} TellPrice
 * @property {"price"} kind
 * @property {number} id
 * @property {string} text
 * @property {number} [offer]
 * @property {string} [button]
 * @property {string} [field]
 * @property {Record<string, string>} [fields]
 *
 * @typedef {object} TellRun
 * @property {"run"} kind
 * @property {"started" | "ended"} state
 * @property {string} text
 * @property {number[]} [rows]
 *
 * @typedef {object} TellFile
 * @property {"file"} kind
 * @property {string} name
 * @property {string} mime
 *
 * @typedef {TellMarks | TellError | TellColumns | TellPrice | TellRun | TellFile} Told
 */

export {};
