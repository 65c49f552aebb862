/**
 * What resolving a configuration needs to know about files, as questions.
 *
 * `load.ts` answers them from the real disk, tests from a table. Nothing else in this room reads files.
 */

/** Questions about absolute paths. */
export interface Disk {
  /** What is there; `null` when nothing is. */
  kind(path: string): 'file' | 'directory' | null
  /** The text of a file; `null` when it cannot be read. */
  read(path: string): string | null
  /** Names of the directories inside a directory, sorted. */
  directories(path: string): readonly string[]
}
