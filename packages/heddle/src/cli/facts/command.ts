/**
 * What is known about a command before it runs: its words, its options, examples.
 *
 * Main thread. Types only. Whoever reads them makes something of them: the parser, help, the reference, completion.
 */

/**
 * What may be completed for a value: names the running server knows (a `target` is an application or a worker), paths,
 * or one of these words.
 */
export type Completes =
  | 'application'
  | 'worker'
  | 'target'
  | 'server'
  | 'file'
  | 'directory'
  | readonly string[]

/** One option of a command. */
export interface OptionFacts {
  /** As commander wants it: `-p, --port <number>`. */
  readonly flags: string
  readonly sentence: string
  /** Environment variables that do the same, the strongest first. */
  readonly variables: readonly string[]
  /** Whether it may be given more than once; all values count. */
  readonly isRepeatable?: boolean
  readonly completes?: Completes
}

/** One argument of a command. */
export interface ArgumentFacts {
  readonly name: string
  readonly sentence: string
  readonly completes?: Completes
}

/** One command. */
export interface CommandFacts {
  /** One word, or the word of its group and its own: `apps add`. */
  readonly name: string
  /** Its arguments in order: `<id>` has to be there, `[entry]` may be, `[id...]` may be there often. */
  readonly arguments: readonly ArgumentFacts[]
  /** Whether its argument is an application that stands for a whole configuration. */
  readonly takesEntry: boolean
  readonly summary: string
  /** What it does, in a few sentences. */
  readonly description: string
  readonly options: readonly OptionFacts[]
  readonly examples: readonly { readonly line: string; readonly sentence: string }[]
}
