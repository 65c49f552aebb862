/**
 * What a client takes for an answer, and what it says its body is: `accept` and `content-type` read.
 *
 * Main thread only. Pure.
 */

/** Whether an `accept` header takes one of the media types (RFC 9110, section 12.5.1). Without one all are taken. */
export function accepts(header: string | undefined, types: readonly string[]): boolean {
  if (header === undefined || header.trim() === '') return true
  const ranges = header.split(',').map(readRange)
  return types.some(type => {
    const fitting = ranges.filter(({ name }) => covers(name, bare(type)))
    // The closest range decides: `*/*;q=0` beside a type that is named refuses the others alone.
    const closest = fitting.toSorted((a, b) => specificity(b.name) - specificity(a.name))[0]
    return closest !== undefined && closest.quality > 0
  })
}

/** Whether the media type is named itself, not by a range. */
export function names(header: string | undefined, type: string): boolean {
  return (header ?? '').split(',').some(part => {
    const { name, quality } = readRange(part)
    return name === type && quality > 0
  })
}

/** Whether a `content-type` says that a body is JSON. */
export function isJson(contentType: string): boolean {
  return /^application\/(?:json|[\w.-]+\+json)$/.test(bare(contentType))
}

function bare(type: string): string {
  return type.split(';', 1).join('').trim().toLowerCase()
}

function readRange(part: string): { readonly name: string; readonly quality: number } {
  const quality = /;\s*q\s*=\s*([\d.]+)/i.exec(part)?.[1]
  return { name: bare(part), quality: quality === undefined ? 1 : Number(quality) }
}

function covers(range: string, type: string): boolean {
  if (range === '*/*' || range === type) return true
  return range.endsWith('/*') && type.startsWith(range.slice(0, -1))
}

function specificity(range: string): number {
  if (range === '*/*') return 0
  return range.endsWith('/*') ? 1 : 2
}
