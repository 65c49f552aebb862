/**
 * The keys of one application in the configuration, and those that exist at the top level as well.
 *
 * A part of `schema.ts`, apart from it only for its length.
 */
import type { Key, ObjectKey } from './key.ts'
import { applicationLogger } from './logger-schema.ts'
import { inheritedSupervision } from './supervision-schema.ts'
import { watch } from './watch-schema.ts'
import { applicationScaling, applicationWorkers } from './workers-schema.ts'

/** The key `env`, at the top and in an application. */
export const env: Key = {
  kind: 'map',
  by: 'variable',
  of: { kind: 'text', mayBeEmpty: true, isSecret: true, sentence: 'The value of the variable.' },
  sentence:
    'Environment variables for the workers. They outrank the environment Heddle was started in and the env files.'
}

/** The key `envFile`; what it is relative to is for its place to say. */
export const envFile: Key = {
  kind: 'text',
  sentence:
    'File with variables, one NAME=value per line. A variable that is set in the environment Heddle was started in keeps that value.'
}

const limits: ObjectKey = {
  kind: 'object',
  name: 'LimitsOptions',
  sentence:
    'Memory limits of one worker. A worker that reaches one ends with an out-of-memory error and is replaced.',
  keys: {
    oldGeneration: {
      kind: 'memory',
      min: 16,
      sentence: 'Heap for objects that live long: the limit that matters.',
      defaultText:
        'in a container with a memory limit 80 % of it, less what Heddle needs itself, divided among all workers; otherwise the choice of V8'
    },
    youngGeneration: {
      kind: 'memory',
      min: 1,
      sentence: 'Heap for new objects. It comes on top of `oldGeneration`.',
      defaultText:
        'in a container with a memory limit an eighth of the share of the worker, at most 48 MiB; otherwise the choice of V8'
    },
    stack: {
      kind: 'memory',
      min: 1,
      max: 64,
      sentence: 'Stack of the thread.',
      defaultText: 'the choice of Node.js: 4 MiB'
    }
  }
}

/** One application. */
export const application: ObjectKey = {
  kind: 'object',
  name: 'ApplicationOptions',
  sentence: 'One application. It needs `path`, `entry` or both.',
  keys: {
    path: {
      kind: 'text',
      sentence: 'Directory of the application, relative to the configuration file.',
      defaultText: 'the directory of the configuration file'
    },
    entry: {
      kind: 'text',
      sentence: 'File each worker loads, relative to `path`.',
      defaultText:
        '`exports` or `main` of package.json, else the first of index, main, app, application, server, start with .ts, .mts, .cts, .js, .mjs or .cjs, in `path` and in its src, dist, build and lib'
    },
    workers: applicationWorkers,
    scaling: applicationScaling,
    build: {
      kind: 'text',
      mayBeFalse: true,
      expected: 'a command, or false',
      sentence:
        'The command with which `heddle build` builds it, for the shell, in `path`; `false` when there is nothing to build.',
      defaultText: 'the script `build` of package.json, when there is one'
    },
    env,
    envFile: {
      ...envFile,
      sentence: `${envFile.sentence} Outranks the top-level \`envFile\`. Relative to \`path\`.`
    },
    execArgv: {
      kind: 'list',
      of: { kind: 'text', sentence: 'One option, such as "--enable-source-maps".' },
      default: [],
      sentence: 'Node.js options for its workers. Only options that concern one thread are allowed.'
    },
    preload: {
      kind: 'list',
      of: { kind: 'text', sentence: 'A path that begins with ./ or / or a package name.' },
      default: [],
      sentence: 'Modules imported in order before the entry: instrumentation, polyfills.'
    },
    limits,
    dependencies: {
      kind: 'list',
      of: { kind: 'text', sentence: 'Id of an application.' },
      default: [],
      sentence: 'Applications that have to be ready before this one starts.'
    },
    required: {
      kind: 'boolean',
      sentence: 'Whether the readiness probe says no without it.',
      defaultText:
        'true when public requests go to it (`entrypoint`, `routes`) or it is among the `dependencies` of an application that is required'
    },
    minReady: {
      kind: 'integer',
      min: 1,
      max: 256,
      default: 1,
      sentence:
        'How many of its workers have to be ready for the readiness probe; all of them when it has fewer.'
    },
    balance: {
      kind: 'text',
      pattern:
        "least-inflight|round-robin|random|power-of-two|hash:(path|ip|(header|cookie):[A-Za-z0-9!#$%&'*+.^_`|~-]+)",
      expected:
        '"least-inflight", "round-robin", "random", "power-of-two", "hash:path", "hash:ip", "hash:header:<name>" or "hash:cookie:<name>"',
      default: 'least-inflight',
      sentence:
        'How the worker for a request is chosen, from outside and from other applications. `hash:…` sends what has the same key to the same worker as long as that is ready.'
    },
    ...inheritedSupervision,
    watch: { ...watch, inherits: 'watch' },
    logger: applicationLogger
  }
}
