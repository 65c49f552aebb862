/**
 * Finds the source file a place in a bundle came from.
 *
 * What is published is one file for each kind of thread; the bundler leaves a comment with the path of the source
 * where each begins, and that is all a profile needs to be told by rooms.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const beginning = /^\/\/ (?:\S*\/)?(packages\/(?:heddle|mesh)\/src\/\S+\.ts)$/

/** Where each source begins in the text of a bundle, in order. Lines count from 0. Pure. */
export function sectionsOf(text) {
  return text.split('\n').flatMap((content, line) => {
    const found = beginning.exec(content)
    return found === null ? [] : [{ line, source: found[1] }]
  })
}

/** The source of a line, or null when it belongs to none. Pure. */
export function sectionAt(sections, line) {
  return sections.findLast(section => section.line <= line)?.source ?? null
}

function read(url) {
  try {
    return sectionsOf(readFileSync(fileURLToPath(url), 'utf8'))
  } catch {
    // A script that is no file any more has no sections.
    return []
  }
}

/** Makes a lookup that reads each bundle once: the url of a script and a line of it, to the path of a source. */
export function sourceLookup() {
  const known = new Map()
  return (url, line) => {
    if (!url.startsWith('file:') || url.includes('/node_modules/')) return null
    if (!known.has(url)) known.set(url, read(url))
    return sectionAt(known.get(url), line)
  }
}
