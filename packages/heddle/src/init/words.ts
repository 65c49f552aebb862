/**
 * Divides a command line into words, as a shell would: quotes, escapes, and the signs between commands.
 *
 * Pure, for any thread. It expands nothing: `$PORT` stays what it is.
 */

/** The commands of a line, each as its words; `&&`, `;`, `|` and line ends divide them. */
export function commandsIn(line: string): string[][] {
  const commands: string[][] = [[]]
  for (const [, separator, word] of line.matchAll(pattern)) {
    if (separator !== undefined) commands.push([])
    else if (word !== undefined) commands.at(-1)?.push(unquote(word))
  }
  return commands.filter(words => words.length > 0)
}

/** All words of a line; the signs between commands end it. */
export function wordsIn(line: string): string[] {
  return commandsIn(line)[0] ?? []
}

/** A sign between commands, or a word of quoted and bare parts. */
const pattern = /(&&|\|\||[;|\n&])|((?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\;|&])+)/g

function unquote(word: string): string {
  return word.replaceAll(
    /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/g,
    (_match, double: string | undefined, single: string | undefined, escaped: string | undefined) =>
      double?.replaceAll(/\\(["\\$`])/g, '$1') ?? single ?? escaped ?? ''
  )
}
