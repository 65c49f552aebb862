/**
 * The two fonts of the invoices: how text is encoded for them and how wide it is.
 *
 * Pure. Helvetica is one of the fonts every PDF reader brings along, so nothing is embedded; the widths
 * are those of Adobe's published metrics, in thousandths of the font size.
 */

/** Name of a font as the pages use it. */
export type Font = 'regular' | 'bold'

/** PDF's own names of the fonts. */
export const fontNames: Readonly<Record<Font, string>> = { regular: 'Helvetica', bold: 'Helvetica-Bold' }

/** Widths of the characters from space to tilde. */
const widths: Readonly<Record<Font, readonly number[]>> = {
  regular: parseWidths(`
    278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278
    556 556 556 556 556 556 556 556 556 556 278 278 584 584 584 556
    1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778
    667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556
    333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556
    556 556 333 500 278 556 500 722 500 500 500 334 260 334 584`),
  bold: parseWidths(`
    278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278
    556 556 556 556 556 556 556 556 556 556 333 333 584 584 584 611
    975 722 722 722 722 667 611 778 722 278 556 722 611 833 722 778
    667 778 722 667 611 722 667 944 667 667 611 333 278 333 584 556
    333 556 611 556 611 556 333 611 611 278 278 556 278 889 611 611
    611 611 389 556 333 611 556 778 556 556 500 389 280 389 584`)
}

/** Characters of the Windows code page that lie elsewhere in Unicode. */
const windowsCodes: ReadonlyMap<string, number> = new Map([
  ['€', 0x80],
  ['…', 0x85],
  ['‘', 0x91],
  ['’', 0x92],
  ['“', 0x93],
  ['”', 0x94],
  ['•', 0x95],
  ['–', 0x96],
  ['—', 0x97]
])

/** Width of a text in points. */
export function measure(text: string, font: Font, size: number): number {
  let thousandths = 0
  // An accent changes the width of no Latin letter, so the letter below it is what counts.
  for (const character of text.normalize('NFD').replace(/\p{Mark}/gu, '')) {
    thousandths += widths[font][character.charCodeAt(0) - 32] ?? 556
  }
  return (thousandths * size) / 1000
}

/** Shortens a text with an ellipsis until it is at most `width` points wide. */
export function fit(
  text: string,
  font: Font,
  limit: { readonly size: number; readonly width: number }
): string {
  if (measure(text, font, limit.size) <= limit.width) return text
  let kept = Array.from(text)
  while (kept.length > 0 && measure(`${kept.join('')}…`, font, limit.size) > limit.width)
    kept = kept.slice(0, -1)
  return `${kept.join('').trimEnd()}…`
}

/** A PDF string literal. What the code page lacks loses its accent, or becomes a question mark. */
export function encodeText(text: string): string {
  let literal = ''
  for (const character of text.normalize('NFC')) {
    const code = toCode(character) ?? toCode(character.normalize('NFD').charAt(0)) ?? 0x3f
    const plain = code >= 0x20 && code < 0x7f && !'()\\'.includes(String.fromCharCode(code))
    literal += plain ? String.fromCharCode(code) : `\\${code.toString(8).padStart(3, '0')}`
  }
  return `(${literal})`
}

function toCode(character: string): number | undefined {
  const special = windowsCodes.get(character)
  if (special !== undefined) return special
  const code = character.codePointAt(0) ?? 0
  const isLatin = (code >= 0x20 && code < 0x7f) || (code >= 0xa0 && code <= 0xff)
  return isLatin ? code : undefined
}

function parseWidths(table: string): readonly number[] {
  return table.trim().split(/\s+/).map(Number)
}
