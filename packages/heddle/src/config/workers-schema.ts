/**
 * The keys that say how many workers applications have, at the top level and in an application.
 *
 * A part of `schema.ts`, apart from it only for its length.
 */
import type { ChoiceKey, NumberKey, ObjectKey } from './key.ts'

/** The most workers one application may have. */
export const workersMax = 256

/** A number of workers. */
export const workerCount: NumberKey = {
  kind: 'integer',
  min: 1,
  max: workersMax,
  sentence: 'How many worker threads run an application, whatever its load.'
}

const min: NumberKey = {
  kind: 'integer',
  min: 1,
  max: workersMax,
  sentence: 'How many workers there are at least. The application starts with so many.',
  defaultText: 'the top-level `workers.min`, else 1; at most `max`'
}

const max: NumberKey = {
  kind: 'integer',
  min: 1,
  max: workersMax,
  sentence:
    'How many workers there are at most. Without `min` and `max` the number is what it is without this object.',
  defaultText: 'the top-level `workers.max`, else the CPUs the process may use; at least `min`'
}

const spare: NumberKey = {
  kind: 'integer',
  min: 0,
  max: 16,
  sentence:
    'How many further workers are kept ready: started, loaded, and without requests; what an application does by itself, such as jobs, they do as well. One takes the place of a worker that is lost or blocked, or is the next that is needed, at once. They take memory, and count neither as ready nor towards `total`. Not for the `entrypoint` in direct mode.',
  defaultText: 'the top-level `workers.spare`, else 0'
}

/** The key of one application. */
export const applicationWorkers: ObjectKey = {
  kind: 'object',
  name: 'ApplicationWorkersOptions',
  inherits: 'workers',
  instead: workerCount,
  sentence:
    'How many worker threads run it: a number, or bounds between which the number follows the load (see `scaling`).',
  keys: { min, max, spare }
}

/** The key at the top level. */
export const workers: ObjectKey = {
  kind: 'object',
  name: 'WorkersOptions',
  instead: workerCount,
  sentence:
    'How many worker threads run each application that does not say so itself: a number, or bounds between which the number follows the load (see `scaling`).',
  defaultText:
    'CPUs − 1, at least 1. CPUs are those the process may really use: affinity and the CPU quota of the container, rounded up',
  flag: 'workers',
  flagSentence: 'Worker threads of every application, 4 or 2-6, or of single ones: api=2-6,db=1.',
  variables: ['HEDDLE_WORKERS'],
  keys: {
    min: { ...min, defaultText: '1; at most `max`' },
    max: { ...max, defaultText: 'the CPUs the process may use; at least `min`' },
    spare: { ...spare, defaultText: '0' },
    total: {
      kind: 'integer',
      min: 1,
      max: 1024,
      sentence:
        'The most workers of all applications together. When there are so many a busy application gets one of an idle one.',
      defaultText:
        'the CPUs the process may use, as they are at the time; at least the sum of what all applications have at least'
    }
  }
}

const scalingSentence =
  'Whether the number of workers follows the load between `workers.min` and `workers.max`. With `off` there are `workers.min`, and only `heddle scale` changes that.'

/** The key `scaling` at the top level. */
export const scaling: ChoiceKey = {
  kind: 'choice',
  choices: ['on', 'off'],
  default: 'on',
  sentence: scalingSentence
}

/** The same of one application. */
export const applicationScaling: ChoiceKey = {
  kind: 'choice',
  choices: ['on', 'off'],
  sentence: scalingSentence,
  defaultText: 'the top-level `scaling`'
}
