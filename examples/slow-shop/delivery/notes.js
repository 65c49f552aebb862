/** What customers write for the courier, and whether the printer of the labels can print it. */

// Words, with one blank or mark between them.
const printable = /^(?:[\p{L}\p{N}]+[ ,.'-]?)*$/u

/** Whether a note can be printed as it is. */
export function isPrintable(note) {
  return printable.test(note)
}
