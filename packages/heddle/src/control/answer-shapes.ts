/**
 * What the answers of the management API look like: every type with its fields.
 *
 * Values, for any thread: `answers.ts` (the types), the description for other programs and the reference page are
 * made of them. Nobody needs them to answer.
 */
import { reportShapes } from './report-shapes.ts'
import { list, plain, tuple, words } from './shape.ts'
import type { ObjectShape } from './shape.ts'

/** The shapes by name. */
export const shapes: Readonly<Record<string, ObjectShape>> = {
  Nothing: { sentence: 'Nothing: it is done.', fields: {} },
  Problem: {
    sentence: 'An error (RFC 9457).',
    fields: {
      type: words(['about:blank']),
      title: plain('text', 'The usual words for the status.'),
      status: plain('integer', 'The status of HTTP.'),
      detail: plain('text', 'What went wrong, for people.'),
      code: plain(
        'text',
        'Stable, for programs: a `HEDDLE_…` code, `UNAUTHORIZED`, `FORBIDDEN`, `NOT_FOUND` and the like.'
      ),
      facts: plain('object', 'The facts of that code, as in `HeddleFailures`; absent for other codes.'),
      cause: plain(
        'text',
        'What was behind it, for example what an application threw: its stack, those of its causes after it.'
      )
    },
    optional: ['facts', 'cause']
  },
  ...reportShapes,
  ReloadReport: {
    sentence: 'What a reload did.',
    fields: {
      changes: list(
        plain('text'),
        'What differs from before, one sentence each; empty when only the code is new.'
      ),
      warnings: list(plain('text'), 'Things worth telling the operator that are not mistakes, as sentences.'),
      reloadMs: plain('integer')
    }
  },
  StopNotice: {
    sentence: 'How a stop will unfold.',
    fields: {
      pid: plain('integer'),
      endsProcess: plain('boolean', 'Whether the process ends with the server.'),
      withinMs: plain('integer', 'Milliseconds after which it is over, whatever happens.')
    }
  },
  Configuration: {
    sentence:
      'The configuration in force, as `heddle config --json` prints one: what may be secret is hidden.',
    fields: {},
    isOpen: true
  },
  Description: { sentence: 'A description of the management API: OpenAPI 3.1.', fields: {}, isOpen: true },
  EventMessage: {
    sentence: 'The data of an event; its name is the field `event` of the message.',
    fields: {
      time: plain('integer', 'Milliseconds since the epoch.'),
      fact: plain('object', 'What has happened, as in `HeddleEvents`.')
    }
  },
  LogMessage: {
    sentence: 'One line of the log, with its fields.',
    fields: {
      time: plain('integer', 'Milliseconds since the epoch.'),
      level: words(['trace', 'debug', 'info', 'warn', 'error']),
      message: plain('text'),
      application: plain('text'),
      worker: plain('text', '`application:slot` or `edge:index`.')
    },
    optional: ['application', 'worker'],
    isOpen: true
  },
  LostMessages: {
    sentence: 'What a message named `lost` says: so many were overwritten before they could be sent.',
    fields: {
      events: plain('integer', 'In a stream of events.'),
      lines: plain('integer', 'In a stream of log lines.')
    },
    optional: ['events', 'lines']
  },
  InjectedResponse: {
    sentence: 'What an application answered to a request that was injected.',
    fields: {
      status: plain('integer'),
      headers: list(
        tuple([plain('text'), plain('text')]),
        'Name and value of each header line, in their order.'
      ),
      body: plain('text', 'The body, when it is UTF-8.'),
      bodyBase64: plain('text', 'The body in Base64, when it is not.'),
      complete: plain('boolean', 'Whether that is all of it: false when its time was over before its end.'),
      durationMs: plain('number', 'From sending to the end of the answer.'),
      worker: plain('text', 'Name of the worker that answered, `application:slot`.')
    },
    optional: ['body', 'bodyBase64']
  },
  InspectorAddress: {
    sentence: 'Where the inspector of a worker is.',
    fields: {
      url: plain('text', 'Its WebSocket address, `ws://127.0.0.1:…`.'),
      port: plain('integer'),
      devtoolsUrl: plain('text', 'What opens the developer tools of Chrome.')
    }
  }
}
