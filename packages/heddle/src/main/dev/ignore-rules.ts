/**
 * Reads lists of patterns as git reads a `.gitignore`, and says whether a path is meant by them.
 *
 * Main thread only. Pure. The rules are those of gitignore(5); which files are read is the business of
 * `git-ignores.ts`.
 */
import { relative, sep } from 'node:path'

/** One pattern. */
export interface IgnoreRule {
  /** Absolute directory its paths are relative to. */
  readonly base: string
  /** What is meant, as a path below `base` with slashes. */
  readonly pattern: RegExp
  /** Takes back what earlier patterns ignore. */
  readonly keeps: boolean
  readonly directoriesOnly: boolean
}

/** The patterns of a text, one per line, as they apply below an absolute directory. */
export function parseIgnoreRules(text: string, base: string): readonly IgnoreRule[] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .flatMap(line => toRule(line, base) ?? [])
}

/**
 * What the last pattern says that means this very path: true to ignore it, false to keep it, `null` when none does.
 * That a path lies in a directory that is ignored is for whoever walks there to know.
 */
export function lastWord(rules: readonly IgnoreRule[], path: string, isDirectory: boolean): boolean | null {
  for (let index = rules.length - 1; index >= 0; index--) {
    const rule = rules[index]
    if (rule === undefined || (rule.directoriesOnly && !isDirectory)) continue
    const below = pathBelow(rule.base, path)
    if (below !== null && rule.pattern.test(below)) return !rule.keeps
  }
  return null
}

/** Whether a path or a directory it lies in, below `top`, is ignored. */
export function isIgnored(rules: readonly IgnoreRule[], path: string, top: string): boolean {
  const below = pathBelow(top, path)
  if (below === null) return false
  const parts = below.split('/')
  return parts.some((_, index) => {
    const isDirectory = index < parts.length - 1
    return lastWord(rules, [top, ...parts.slice(0, index + 1)].join(sep), isDirectory) === true
  })
}

/** A path below a directory, with slashes; `null` when it is not there or the directory itself. */
export function pathBelow(directory: string, path: string): string | null {
  const below = relative(directory, path)
  if (below === '' || below === '..' || below.startsWith(`..${sep}`) || below === path) return null
  return sep === '/' ? below : below.replaceAll(sep, '/')
}

function toRule(line: string, base: string): IgnoreRule | null {
  const written = withoutTrailingSpaces(line.replace(/\r$/, ''))
  if (written === '' || written.startsWith('#')) return null
  const keeps = written.startsWith('!')
  const whole = keeps ? written.slice(1) : written
  const directoriesOnly = whole.endsWith('/')
  const glob = directoriesOnly ? whole.slice(0, -1) : whole
  const pattern = toPattern(glob)
  return pattern === null ? null : { base, pattern, keeps, directoriesOnly }
}

/** Spaces at the end count only after a backslash. */
function withoutTrailingSpaces(line: string): string {
  const [kept = ''] = /^(?:\\.|[^ \\]| +(?! *$)|\\$)*/.exec(line) ?? []
  return kept
}

function toPattern(glob: string): RegExp | null {
  if (glob === '') return null
  const isAnchored = glob.includes('/')
  const source = translate(glob.startsWith('/') ? glob.slice(1) : glob)
  if (source === null) return null
  try {
    return new RegExp(`^${isAnchored ? '' : '(?:.*/)?'}${source}$`, 's')
  } catch {
    // A range the wrong way round: git takes it for a pattern that means nothing.
    return null
  }
}

/** Each of them with what it is read as; the first that fits wins. */
const tokens: readonly (readonly [RegExp, (match: RegExpExecArray) => string | null])[] = [
  [/^\*{2,}\/(?:\*{2,}\/)*/, () => '(?:.*/)?'],
  [/^\/\*{2,}$/, () => '/.+'],
  [/^\/\*{2,}\/(?:\*{2,}\/)*/, () => '/(?:.*/)?'],
  [/^\*+/, () => '[^/]*'],
  [/^\?/, () => '[^/]'],
  [/^\[([!^]?)(\]?(?:\\.|\[:\w+:\]|[^\]\\])*)\]/, match => toClass(match[1] !== '', match[2] ?? '')],
  [/^\[/, () => null],
  [/^\\(.)/s, match => escape(match[1] ?? '')],
  [/^\\$/, () => null],
  [/^[^*?[\\/]+/, match => escape(match[0])],
  [/^\//, () => '/']
]

/** A glob as the source of a regular expression; `null` for one that means nothing. */
function translate(glob: string): string | null {
  let source = ''
  for (let rest = glob; rest !== '';) {
    const isStart = source === ''
    const found = tokens
      .map(([token, read]) => ({ match: token.exec(rest), read }))
      // Two asterisks and a slash are any directories at the beginning of a path alone.
      .find(({ match }) => match !== null && (isStart || source.endsWith('/') || !/^\*{2,}\//.test(match[0])))
    const read = found?.match == null ? null : found.read(found.match)
    if (read === null) return null
    source += read
    rest = rest.slice(found?.match?.[0].length)
  }
  return source
}

const classes: Readonly<Record<string, string>> = {
  alnum: 'a-zA-Z0-9',
  alpha: 'a-zA-Z',
  blank: ' \\t',
  digit: '0-9',
  lower: 'a-z',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\s',
  upper: 'A-Z',
  xdigit: '0-9A-Fa-f'
}

function toClass(isNegated: boolean, body: string): string {
  const inner = body.replaceAll(/\[:(\w+):\]|\\(.)|[\]\\[^]/gs, (all, name?: string, escaped?: string) => {
    if (name !== undefined) return classes[name] ?? ''
    return escape(escaped ?? all)
  })
  return `(?!/)[${isNegated ? '^' : ''}${inner}]`
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`)
}
