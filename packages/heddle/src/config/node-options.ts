/**
 * Knows which options of Node.js may be given to a single worker, and which would undo its limits.
 *
 * Pure, for any thread. The list holds what `new Worker({ execArgv })` takes on every supported version and
 * what concerns one thread only: nothing that listens, writes files, or changes the whole process.
 */

/** Options a worker may get. Each is also allowed with a value, `--name=value`. */
export const workerOptions: readonly string[] = [
  '--conditions',
  '--disable-warning',
  '--dns-result-order',
  '--enable-source-maps',
  '--experimental-eventsource',
  '--experimental-import-meta-resolve',
  '--experimental-loader',
  '--experimental-strip-types',
  '--experimental-vm-modules',
  '--experimental-wasm-modules',
  '--frozen-intrinsics',
  '--import',
  '--insecure-http-parser',
  '--max-http-header-size',
  '--network-family-autoselection',
  '--network-family-autoselection-attempt-timeout',
  '--no-addons',
  '--no-deprecation',
  '--no-experimental-detect-module',
  '--no-experimental-global-navigator',
  '--no-experimental-require-module',
  '--no-experimental-strip-types',
  '--no-global-search-paths',
  '--no-network-family-autoselection',
  '--no-warnings',
  '--pending-deprecation',
  '--preserve-symlinks',
  '--preserve-symlinks-main',
  '--require',
  '--throw-deprecation',
  '--trace-deprecation',
  '--trace-exit',
  '--trace-sync-io',
  '--trace-uncaught',
  '--trace-warnings',
  '--unhandled-rejections',
  '--use-env-proxy'
]

const heapOption = /^--max[-_]old[-_]space[-_]size(?:[-_]percentage)?(?:=|$)/

/** The option among `argv` that sets the heap of the whole process, or `null`. */
export function heapOptionIn(argv: readonly string[]): string | null {
  return argv.find(option => heapOption.test(option)) ?? null
}

/** NODE_OPTIONS as separate options. Quotes matter only in values that are of no interest here. */
export function splitNodeOptions(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter(option => option !== '')
}

/** The name of an option without its value: `--import=x` is `--import`. */
export function optionName(option: string): string {
  const end = option.indexOf('=')
  return end === -1 ? option : option.slice(0, end)
}
