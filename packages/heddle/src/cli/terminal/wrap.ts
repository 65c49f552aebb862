/**
 * Breaks a text into lines between its words, so that no terminal breaks it in one.
 *
 * Main thread of a command; pure. Colours are passed over: they go on in the next line.
 */
import { stripVTControlCharacters } from 'node:util'

/** So much is left for the text whatever stands before it. Characters. */
const leastWidth = 24

/**
 * The text as lines of so many characters at most, but for words that are longer.
 *
 * @param indent Spaces before each line but the first. As many as fit where that leaves too little for the text.
 */
export function wrap(text: string, width: number, indent: number): string {
  const margin = ' '.repeat(Math.max(0, Math.min(indent, width - leastWidth)))
  const lines: string[] = []
  const [first = '', ...words] = text.split(' ')
  let line = first
  let length = stripVTControlCharacters(first).length
  for (const word of words) {
    const wordLength = stripVTControlCharacters(word).length
    if (line.trim() !== '' && length + 1 + wordLength > width) {
      lines.push(line.trimEnd())
      line = margin + word
      length = margin.length + wordLength
      continue
    }
    line = `${line} ${word}`
    length += 1 + wordLength
  }
  return [...lines, line].join('\n')
}
