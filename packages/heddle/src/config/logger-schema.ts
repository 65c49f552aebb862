/**
 * The key `logger`, at the top level and in an application.
 *
 * A part of `schema.ts`, apart from it only for its length.
 */
import { pathPattern } from '../shared/log-redact.ts'
import type { ChoiceKey, ObjectKey } from './key.ts'

const day = 24 * 60 * 60 * 1000
const mebibyte = 1024 * 1024

const level: ChoiceKey = {
  kind: 'choice',
  choices: ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
  default: 'info',
  sentence: 'The least important lines that are still written. Can be changed while the server runs.',
  flag: 'log-level',
  flagSentence: 'The least important lines that are still written.',
  variables: ['HEDDLE_LOG_LEVEL']
}

const file: ObjectKey = {
  kind: 'object',
  name: 'LogFileOptions',
  sentence: 'A file that gets every line as JSON, whatever the format of the output is.',
  keys: {
    path: {
      kind: 'text',
      required: true,
      sentence: 'The file, relative to the configuration file. Its directory is made when it is missing.'
    },
    maxSize: {
      kind: 'size',
      min: 0,
      default: 100 * mebibyte,
      sentence:
        'A file of about this size is renamed, with the time in its name, and a new one is begun. 0 lets it grow.'
    },
    maxAge: {
      kind: 'duration',
      min: 0,
      default: day,
      sentence: 'A file that was begun so long ago is renamed too. 0 lets it get older.'
    },
    keep: {
      kind: 'integer',
      min: 1,
      max: 10_000,
      default: 10,
      sentence: 'How many renamed files are kept; older ones are deleted.'
    }
  }
}

/** What is logged, how it looks and where it goes. */
export const logger: ObjectKey = {
  kind: 'object',
  name: 'LoggerOptions',
  sentence: 'What is logged, how it looks and where it goes.',
  keys: {
    level,
    format: {
      kind: 'choice',
      choices: ['auto', 'pretty', 'json'],
      default: 'auto',
      sentence: '`auto` is pretty on a terminal and one JSON object per line everywhere else.',
      flag: 'log-format',
      flagSentence: 'How log lines look; auto is pretty on a terminal and JSON elsewhere.',
      variables: ['HEDDLE_LOG_FORMAT']
    },
    redact: {
      kind: 'list',
      of: {
        kind: 'text',
        pattern: pathPattern,
        expected: 'a path such as "password", "req.headers.authorization", "*.token" or "users[*].email"',
        sentence: 'Where the value is, from the line down; `*` stands for any name of one level.'
      },
      default: [],
      sentence:
        'Values that are written as `[redacted]`: in the fields of lines of the server, of `heddle/worker` and of loggers that write JSON, and in every form of the access log, where `query.token` is a parameter of an address.'
    },
    stdout: {
      kind: 'boolean',
      default: true,
      sentence: 'Whether lines go to standard output. Without a file they always do.'
    },
    file
  }
}

/** What an application may say of it for itself. */
export const applicationLogger: ObjectKey = {
  kind: 'object',
  name: 'ApplicationLoggerOptions',
  sentence: 'What is logged of this application.',
  inherits: 'logger',
  keys: {
    level: {
      kind: 'choice',
      choices: level.choices,
      sentence:
        'The least important lines of its workers that are still written. Can be changed while they run.',
      defaultText: '`logger.level`'
    }
  }
}
