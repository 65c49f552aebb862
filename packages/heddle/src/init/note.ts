/**
 * What is told of a setting that could not be carried over as it was.
 *
 * Pure, for any thread. Translations write notes, the command prints them.
 */

/**
 * What became of a setting: `differs` has a counterpart that is not quite the same, `missing` has none, `unneeded`
 * is what Heddle does anyway or has no use for.
 */
export type Outcome = 'differs' | 'missing' | 'unneeded'

/** One of them. */
export interface Note {
  /** Where it was written: `apps[0].cron_restart`. */
  readonly key: string
  readonly outcome: Outcome
  /** What that means and, where there is something, what to do instead. */
  readonly text: string
}

/** What is known of a setting without looking at its value. */
export type Fate = readonly [outcome: Outcome, text: string]
