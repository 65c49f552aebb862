/**
 * Adds to a package.json what starts Heddle: scripts that are not there yet, and Heddle among the dependencies.
 *
 * Pure, for any thread. What is written stays as it is, its indentation too.
 */
import { isPlainObject } from '../config/substitute.ts'

/** A package.json with what was added to it. */
export interface ScriptedPackage {
  readonly text: string
  /** Names of the scripts that were added. */
  readonly scripts: readonly string[]
  /** Whether Heddle was added to the dependencies. */
  readonly depends: boolean
}

const wanted: Readonly<Record<string, string>> = { dev: 'heddle dev', start: 'heddle start' }

/**
 * The text with scripts and dependencies.
 *
 * @param packages What is needed beside Heddle, with versions.
 * @returns `null` when nothing is to be added, or the text is no package.
 */
export function addScripts(
  text: string,
  version: string,
  packages: Readonly<Record<string, string>> = {}
): ScriptedPackage | null {
  const manifest = parse(text)
  if (manifest === null) return null
  const scripts = isPlainObject(manifest['scripts']) ? manifest['scripts'] : {}
  const added = Object.keys(wanted).filter(name => !Object.hasOwn(scripts, name))
  const depends = 'heddle' in unlisted({ heddle: version }, manifest)
  if (added.length === 0 && Object.keys(packages).length === 0) return null
  manifest['scripts'] = { ...scripts, ...Object.fromEntries(added.map(name => [name, wanted[name]])) }
  const missing = { ...unlisted(packages, manifest), ...(depends ? { heddle: `^${version}` } : {}) }
  if (Object.keys(missing).length > 0) {
    const there = isPlainObject(manifest['dependencies']) ? manifest['dependencies'] : {}
    const entries = Object.entries({ ...there, ...missing })
    manifest['dependencies'] = Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }
  const indent = /^([ \t]+)"/m.exec(text)?.[1] ?? '  '
  const end = text.endsWith('\n') ? '\n' : ''
  return { text: `${JSON.stringify(manifest, null, indent)}${end}`, scripts: added, depends }
}

/** Those of these packages that it does not depend on yet. */
function unlisted(
  packages: Readonly<Record<string, string>>,
  manifest: Readonly<Record<string, unknown>>
): Record<string, string> {
  const lists = ['dependencies', 'devDependencies'].map(key => manifest[key]).filter(isPlainObject)
  return Object.fromEntries(
    Object.entries(packages).filter(([name]) => !lists.some(list => Object.hasOwn(list, name)))
  )
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return isPlainObject(value) ? value : null
  } catch {
    // It is reported when an application is loaded; here it only gets no scripts.
    return null
  }
}
