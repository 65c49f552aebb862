/**
 * What became of the tests of a run, and in what two runs differ. Pure.
 */

/** What became of a test; `unstable`: not the same in every round. */
export type Outcome = 'pass' | 'fail' | 'skip' | 'absent' | 'unstable'

/** One test of one run, as runners' reporters write it down. */
export interface TestLine {
  readonly test: string
  readonly file?: string | undefined
  readonly outcome: 'pass' | 'fail' | 'skip'
  /** Why it failed. */
  readonly message?: string | undefined
}

/** What came through the mesh. */
export interface Traffic {
  readonly servers: number
  readonly requests: number
}

/** A run's tests by their full name, and its traffic. */
export interface RunResult {
  readonly tests: ReadonlyMap<string, TestLine>
  readonly traffic: Traffic
}

/** A test that is not the same with the mesh as without. */
export interface Difference {
  readonly test: string
  readonly without: Outcome
  readonly with: Outcome
  /** Why it failed where it failed. */
  readonly message: string
}

/**
 * Reads a ledger: one JSON object on each line.
 *
 * @param folder Files are named from there.
 */
export function readLedger(text: string, folder: string): RunResult {
  const tests = new Map<string, TestLine>()
  const traffic = { servers: 0, requests: 0 }
  for (const line of text.split('\n')) {
    if (line === '') continue
    const entry = JSON.parse(line) as TestLine | { traffic: Traffic }
    if ('traffic' in entry) {
      traffic.servers += entry.traffic.servers
      traffic.requests += entry.traffic.requests
    } else tests.set(nameOf(entry, folder, tests), entry)
  }
  return { tests, traffic }
}

/** Tests of one name are told apart by their number. */
function nameOf({ file, test }: TestLine, folder: string, taken: ReadonlyMap<string, unknown>): string {
  const where = file?.replace(/^file:\/\//, '').replace(`${folder}/`, '')
  const name = where === undefined || test === where ? test : `${where}: ${test}`
  for (let count = 1; ; count++) {
    const numbered = count === 1 ? name : `${name} (${count})`
    if (!taken.has(numbered)) return numbered
  }
}

/** One outcome for each test of several rounds. */
function together(rounds: readonly RunResult[]): Map<string, { outcome: Outcome; message: string }> {
  const found = new Map<string, { outcome: Outcome; message: string }>()
  for (const name of new Set(rounds.flatMap(({ tests }) => [...tests.keys()]))) {
    const lines = rounds.map(({ tests }) => tests.get(name))
    const outcomes = new Set<Outcome>(lines.map(line => line?.outcome ?? 'absent'))
    const [first = 'absent'] = outcomes
    found.set(name, {
      outcome: outcomes.size === 1 ? first : 'unstable',
      message: lines.find(line => line?.outcome === 'fail')?.message ?? ''
    })
  }
  return found
}

/** Every test whose outcome differs. A test that is unstable without the mesh says nothing about it. */
export function compare(without: readonly RunResult[], withMesh: readonly RunResult[]): Difference[] {
  const [before, after] = [together(without), together(withMesh)]
  const differences: Difference[] = []
  for (const test of new Set([...before.keys(), ...after.keys()])) {
    const [one, other] = [before.get(test), after.get(test)]
    const [was, is] = [one?.outcome ?? 'absent', other?.outcome ?? 'absent']
    if (was === is || was === 'unstable') continue
    differences.push({ test, without: was, with: is, message: (other?.message || one?.message) ?? '' })
  }
  return differences
}

/** How many tests had each outcome, as a text. */
export function count({ tests }: RunResult): string {
  const of = (wanted: Outcome): number =>
    [...tests.values()].filter(({ outcome }) => outcome === wanted).length
  return `${tests.size} tests, ${of('pass')} passed, ${of('fail')} failed, ${of('skip')} skipped`
}
