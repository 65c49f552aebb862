/**
 * The paths of the administrative server beside the management API: probes and metrics, for whoever can reach it.
 *
 * Values, for any thread.
 */
import { metricsType, ofApplication } from './contract.ts'
import type { Field } from './operation.ts'

/** A path of the administrative server that needs no token. */
export interface OpenPath {
  readonly summary: string
  readonly query: Readonly<Record<string, Field>>
  /** By status: what the answer means, and its media type. */
  readonly answers: Readonly<Record<number, { readonly sentence: string; readonly type: string }>>
}

const text = 'text/plain; charset=utf-8'
const verbose: Field = {
  kind: 'text',
  required: false,
  mayBeEmpty: true,
  sentence: 'When it is there, with or without a value, every check is told.'
}

const application: Field = {
  kind: 'text',
  required: false,
  sentence: 'Id of the application that is asked for, instead of all.'
}

/** The paths beside the API. */
export const openPaths: Readonly<Record<string, OpenPath>> = {
  '/livez': {
    summary: 'Whether the process is worth keeping. No application can make it say no.',
    query: { verbose, application },
    answers: {
      200: { sentence: 'It is.', type: text },
      503: { sentence: 'It should be started anew.', type: text }
    }
  },
  '/readyz': {
    summary: 'Whether the server should get requests.',
    query: { verbose, application },
    answers: {
      200: { sentence: 'It should.', type: text },
      503: { sentence: 'It should not, with a line for each reason.', type: text }
    }
  },
  '/startupz': {
    summary: 'Whether the server has started.',
    query: { verbose, application },
    answers: {
      200: { sentence: 'It has.', type: text },
      503: { sentence: 'It has not yet.', type: text }
    }
  },
  '/metrics': {
    summary: 'The metrics, as Prometheus reads them.',
    query: { application: ofApplication },
    answers: { 200: { sentence: 'The metrics.', type: metricsType } }
  }
}
