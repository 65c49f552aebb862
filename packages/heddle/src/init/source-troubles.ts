/**
 * Knows what code does that it cannot do in a thread, or that only another program gave it.
 *
 * Pure, for any thread. Each is a sentence for people; nothing is refused because of it.
 */

/** Something in code, and what to say of it. */
interface Trouble {
  readonly sign: RegExp
  /** Where it is asked for first, nothing is wrong. */
  readonly guard?: RegExp
  readonly sentence: string
}

const troubles: readonly Trouble[] = [
  {
    sign: /\bcluster\.(?:fork|setupPrimary|setupMaster)\s*\(/,
    sentence:
      'forks processes (cluster): where it forks itself each worker runs as one of them, and what its primary does beside that is not done; where it forks another file, name that'
  },
  {
    sign: /\bprocess\.send\s*\(/,
    guard: /\bprocess\.send\s*(?:\)|&&|!==|\?)|typeof process\.send/,
    sentence:
      'calls process.send(), which is not there in a thread: a worker is ready when it listens, and what else it waits for goes into onReady() of heddle/worker'
  },
  {
    sign: /\b(?:Bun|Deno)\.serve\s*\(/,
    guard: /typeof (?:Bun|Deno)\b|\bglobalThis\.(?:Bun|Deno)\b/,
    sentence:
      'serves with Bun.serve() or Deno.serve(), which Node.js does not have: export default { fetch } instead'
  },
  {
    sign: /\bprocess\.chdir\s*\(/,
    sentence: 'calls process.chdir(), which fails in a thread: use import.meta.dirname or __dirname'
  },
  {
    sign: /\bNODE_APP_INSTANCE\b/,
    sentence:
      'reads NODE_APP_INSTANCE, which is not set: identity.slot of heddle/worker is the number of a worker'
  },
  {
    sign: /\bglobalThis\.platformatic\b|@platformatic\/globals/,
    guard: /\bglobalThis\.platformatic\?\./,
    sentence:
      'uses globalThis.platformatic, which is not there: logger, onClose(), health() and metrics() are in heddle/worker'
  }
]

/** What is to be said of code without comments. */
export function troublesIn(code: string): string[] {
  return troubles
    .filter(({ sign, guard }) => sign.test(code) && guard?.test(code) !== true)
    .map(({ sentence }) => sentence)
}
