/**
 * The key `watch`, at the top level and in an application, which inherits what it does not say itself.
 *
 * A part of `schema.ts`, apart from it only for its length.
 */
import type { ObjectKey } from './key.ts'

/** What is watched while a server is developed with. */
export const watch: ObjectKey = {
  kind: 'object',
  name: 'WatchOptions',
  sentence:
    'Which files are watched by `heddle dev`: an application is started anew when its files change, and no other. Without it nothing is watched.',
  keys: {
    enabled: { kind: 'boolean', default: true, sentence: 'Whether files are watched.' },
    include: {
      kind: 'list',
      of: { kind: 'text', sentence: 'A file or a directory.' },
      default: [],
      sentence:
        'Files and directories to watch beside the directory of the application and the files it has loaded, whether git ignores them or not. Relative to `path`, at the top level to the configuration file.'
    },
    ignore: {
      kind: 'list',
      of: { kind: 'text', sentence: 'A pattern, as in a .gitignore: `*.csv`, `/data/`, `!important.csv`.' },
      default: [],
      sentence:
        'What does not matter although it is there, relative to `path`: for example files the application writes itself. What git ignores, hidden files, node_modules, logs and databases do not matter anyway, unless the application has loaded them.'
    },
    poll: {
      kind: 'duration',
      min: 0,
      default: 0,
      sentence:
        'Time between two looks at the files, where the system gives no notice of changes: network drives, some virtual machines and containers. 0 relies on its notices.'
    }
  }
}
