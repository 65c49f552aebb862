/**
 * With which failures each operation may answer, beside those of any request (400, 401, 403, 406, 413, 415).
 *
 * Values, for descriptions: nothing is decided by them.
 */
import type { HeddleFailures } from '../errors.ts'
import type { OperationName } from './contract.ts'

type Codes = readonly (keyof HeddleFailures)[]

/** Of everything that changes something. */
const change: Codes = ['HEDDLE_NOT_RUNNING', 'HEDDLE_BUSY']
const atApplication: Codes = [...change, 'HEDDLE_UNKNOWN_APPLICATION']
const atWorker: Codes = [...atApplication, 'HEDDLE_UNKNOWN_WORKER']
const configuration: Codes = ['HEDDLE_CONFIG_INVALID', 'HEDDLE_CONFIG_NOT_FOUND', 'HEDDLE_CONFIG_UNREADABLE']
/** Looking into a worker goes beside everything else. */
const intoWorker: Codes = [
  'HEDDLE_NOT_RUNNING',
  'HEDDLE_UNKNOWN_APPLICATION',
  'HEDDLE_UNKNOWN_WORKER',
  'HEDDLE_WORKER_LOST',
  'HEDDLE_WORKER_STUCK',
  'HEDDLE_DIAGNOSIS_UNREADY',
  'HEDDLE_DIAGNOSIS_FAILED'
]

/** The codes by operation. */
export const operationFailures: Readonly<Record<OperationName, Codes>> = {
  status: [],
  config: [],
  metrics: ['HEDDLE_UNKNOWN_APPLICATION'],
  openapi: [],
  events: ['HEDDLE_UNKNOWN_APPLICATION'],
  logs: ['HEDDLE_UNKNOWN_APPLICATION'],
  restart: [...atApplication, 'HEDDLE_RESTART_FAILED'],
  reload: [...change, ...configuration, 'HEDDLE_RELOAD_REFUSED', 'HEDDLE_RELOAD_FAILED'],
  stop: [],
  addApplication: [...change, ...configuration, 'HEDDLE_APPLICATION_EXISTS', 'HEDDLE_APPLICATION_FAILED'],
  removeApplication: [...atApplication, 'HEDDLE_APPLICATION_NEEDED', 'HEDDLE_APPLICATION_ROUTED'],
  startApplication: [...atApplication, 'HEDDLE_APPLICATION_FAILED'],
  stopApplication: [...atApplication, 'HEDDLE_APPLICATION_NEEDED'],
  restartApplication: [...atApplication, 'HEDDLE_APPLICATION_STOPPED', 'HEDDLE_RESTART_FAILED'],
  scaleApplication: [...atApplication, 'HEDDLE_APPLICATION_FAILED'],
  setLogLevel: ['HEDDLE_NOT_RUNNING', 'HEDDLE_UNKNOWN_APPLICATION'],
  inject: [
    'HEDDLE_NOT_RUNNING',
    'HEDDLE_UNKNOWN_APPLICATION',
    'HEDDLE_UNKNOWN_WORKER',
    'HEDDLE_INJECT_UNAVAILABLE',
    'HEDDLE_INJECT_TIMEOUT',
    'HEDDLE_INJECT_FAILED'
  ],
  restartWorker: [...atWorker, 'HEDDLE_RESTART_FAILED'],
  drainWorker: [...atWorker, 'HEDDLE_WORKER_NEEDED'],
  readyWorker: atWorker,
  profile: intoWorker,
  heapSnapshot: intoWorker,
  inspect: intoWorker,
  closeInspector: intoWorker
}
