/**
 * Reads a CPU profile: which functions, and which parts of the program, the time of a thread went to.
 *
 * Pure. Time is self time: a function is charged for its own code, never for what it called. Waiting for
 * events is no time: shares are of the time the thread was busy.
 */

const ours = /(?:^|\/)packages\/(heddle|mesh)\/(?:dist|src)\/(.+)$/

/** Where a script belongs: a file of ours, a module of Node.js, a file of a package, or nothing readable. */
export function placeOf(url) {
  if (url === '') return 'native'
  const own = ours.exec(url)
  if (own) return `${own[1]}/${own[2]}`
  const bench = /\/bench\/(?!node_modules\/)(.+)$/.exec(url)
  if (bench) return `bench/${bench[1]}`
  if (url.startsWith('node:')) return url
  const dependency = /\/node_modules\/(.+)$/.exec(url)
  return dependency ? dependency[1] : url.split('/').slice(-2).join('/')
}

/** The part of the program a place belongs to: ours by room, Node.js by module, dependencies by package. */
export function partOf(place, functionName) {
  if (place === 'native')
    return functionName === '(garbage collector)' ? 'garbage collection' : 'native code, system calls'
  const [first, second] = place.split('/')
  if (first === 'heddle' || first === 'mesh') return second.includes('.') ? first : `${first}/${second}`
  if (place.startsWith('node:internal/')) return `node:internal/${second.replace(/^_/, '')}`
  if (place.startsWith('node:')) return first
  return first.startsWith('@') ? `${first}/${second}` : first
}

function microsecondsByNode({ samples, timeDeltas }) {
  const times = new Map()
  for (const [index, id] of samples.entries()) {
    // A delta is the time that led to its sample; the sample before it says where that time was spent.
    const spent = Math.max(0, timeDeltas[index + 1] ?? 0)
    times.set(id, (times.get(id) ?? 0) + spent)
  }
  return times
}

function ranked(times, busy) {
  return [...times]
    .map(([name, time]) => ({ name, share: busy === 0 ? 0 : time / busy }))
    .toSorted((a, b) => b.share - a.share)
}

// The line of a bundle is not the line of its source.
function labelOf(name, place, line) {
  if (place === 'native') return name
  return line === null ? `${name} ${place}` : `${name} ${place}:${line}`
}

/**
 * Sums up a profile as the inspector returns it.
 * @param {object} profile
 * @param {(url: string, line: number) => string | null} sourceAt where a line of a bundle came from
 * @returns `busyUs`: busy time in microseconds; `busy`: busy time ÷ whole time; `functions` and `parts`: by share of the busy time, largest first.
 */
export function selfTimes(profile, sourceAt = () => null) {
  const times = microsecondsByNode(profile)
  const functions = new Map()
  const parts = new Map()
  let whole = 0
  let busy = 0
  for (const { id, callFrame } of profile.nodes) {
    const time = times.get(id) ?? 0
    whole += time
    if (callFrame.functionName === '(idle)' || time === 0) continue
    busy += time
    const source = sourceAt(callFrame.url, callFrame.lineNumber)
    const place = placeOf(source ?? callFrame.url)
    const name = callFrame.functionName || '(anonymous)'
    const label = labelOf(name, place, source === null ? callFrame.lineNumber + 1 : null)
    functions.set(label, (functions.get(label) ?? 0) + time)
    const part = partOf(place, name)
    parts.set(part, (parts.get(part) ?? 0) + time)
  }
  return {
    busy: whole === 0 ? 0 : busy / whole,
    busyUs: busy,
    functions: ranked(functions, busy),
    parts: ranked(parts, busy)
  }
}
