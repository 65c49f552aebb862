/**
 * A guide as its reader would follow it: files to write, commands to type, and what is to be seen. Runs in the process
 * of a test. Pure.
 *
 * A page is a guide when it says so in a comment: `<!-- guide: page -->` begins in an empty directory, in
 * `<!-- guide: sections -->` each section does. In a guide
 *
 * - a block whose first line is a comment with the name of a file is that file, and so is one behind a line that ends
 *   with the name and a colon (`` `package.json`: ``);
 * - a block in `console` is typed: a command behind `$ `, its further lines behind `> `, and what it prints below;
 * - a block in `text` is what the server that runs prints from there on;
 * - everything else is only read.
 *
 * A page or section with `<!-- guide: registry -->` installs what the repository does not have, from the registry of npm: it
 * is followed by the tests of the system.
 */

/** One thing to do or to look at; `line` is where it stands in the page. */
export type Step =
  | { readonly kind: 'file'; readonly line: number; readonly name: string; readonly text: string }
  | {
      readonly kind: 'command'
      readonly line: number
      readonly command: string
      readonly expected: readonly string[]
    }
  | { readonly kind: 'shown'; readonly line: number; readonly expected: readonly string[] }

/** What is followed from an empty directory on. */
export interface Unit {
  readonly title: string
  /** Whether it installs something that the repository does not have. */
  readonly needsRegistry: boolean
  readonly steps: readonly Step[]
}

interface Block {
  readonly line: number
  readonly language: string
  readonly text: string
  /** The last line of text before it. */
  readonly above: string
}

const kinds = /^<!-- guide: (page|sections) -->$/m
const fromRegistry = /^<!-- guide: registry -->$/m
const fence = /^```(\w*)[^\n]*\n([^]*?)^```$/gm
const named = /^(?:\/\/|#|<!--) ([\w./-]+\.\w+|Dockerfile|\.\w[\w.-]*)(?: -->)?$/
const announced = /`([\w./-]+)`:$/

/** What there is to follow in a page; nothing when it is no guide. */
export function unitsOf(page: string): readonly Unit[] {
  const [, kind] = kinds.exec(page) ?? []
  if (kind === undefined) return []
  const title = /^# (.*)$/m.exec(page)?.[1] ?? ''
  if (kind === 'page') return [{ title, needsRegistry: fromRegistry.test(page), steps: stepsOf(page, 0) }]
  const parts = page.split(/^(?=## )/m)
  let offset = 0
  const units = parts.map(part => {
    const unit = {
      title: /^## (.*)$/m.exec(part)?.[1] ?? title,
      needsRegistry: fromRegistry.test(part),
      steps: stepsOf(part, offset)
    }
    offset += part.split('\n').length - 1
    return unit
  })
  return units.filter(({ steps }) => steps.some(step => step.kind === 'command'))
}

function stepsOf(text: string, offset: number): readonly Step[] {
  const blocks = Array.from(text.matchAll(fence), ({ index, 1: language = '', 2: content = '' }) => {
    const before = text.slice(0, index)
    const lines = before.split('\n')
    return {
      line: offset + lines.length,
      language,
      text: content,
      above: lines.findLast(line => line.trim() !== '') ?? ''
    }
  })
  return blocks.flatMap(block => stepsOfBlock(block))
}

function stepsOfBlock(block: Block): readonly Step[] {
  const { language, text, line, above } = block
  if (language === 'console') return commandsOf(text, line)
  if (language === 'text') return [{ kind: 'shown', line, expected: linesOf(text) }]
  const [first = ''] = text.split('\n', 1)
  const name = named.exec(first)?.[1] ?? announced.exec(above)?.[1]
  return name === undefined ? [] : [{ kind: 'file', line, name, text }]
}

function commandsOf(text: string, at: number): readonly Step[] {
  const commands: { line: number; command: string; expected: string[] }[] = []
  for (const [index, line] of linesOf(text).entries()) {
    const last = commands.at(-1)
    if (line.startsWith('$ ')) commands.push({ line: at + index + 1, command: line.slice(2), expected: [] })
    else if (last !== undefined && line.startsWith('> ') && last.expected.length === 0)
      last.command += `\n${line.slice(2)}`
    else last?.expected.push(line)
  }
  return commands.map(({ line, command, expected }) => ({ kind: 'command', line, command, expected }))
}

function linesOf(text: string): string[] {
  return text.split('\n').filter(line => line.trim() !== '')
}
