/**
 * Every key of the configuration: its kind, default, bounds and the sentence that explains it.
 *
 * The only source of what a user may write: `check.ts` validates with it, and `tools/docs.ts` makes
 * `options.ts` (the types), `schema.json` (for editors) and the reference page from it. Plain values, for
 * any thread; it never reads anything.
 */
import type { ObjectKey } from './key.ts'
import { application, env, envFile } from './application-schema.ts'
import { logger } from './logger-schema.ts'
import { metrics } from './metrics-schema.ts'
import { serverKeys } from './server-schema.ts'
import { supervision } from './supervision-schema.ts'
import { watch } from './watch-schema.ts'
import { scaling, workers } from './workers-schema.ts'

const second = 1000

const autoload: ObjectKey = {
  kind: 'object',
  name: 'AutoloadOptions',
  sentence: 'Makes an application of every directory inside one directory; its name becomes the id.',
  keys: {
    path: { kind: 'text', required: true, sentence: 'The directory whose directories are applications.' },
    exclude: {
      kind: 'list',
      of: { kind: 'text', sentence: 'Name of a directory.' },
      default: [],
      sentence: 'Directories to leave out. Hidden ones and node_modules always are.'
    }
  }
}

const route: ObjectKey = {
  kind: 'object',
  name: 'RouteOptions',
  sentence: 'One rule: requests for this host and path go to this application.',
  keys: {
    host: {
      kind: 'text',
      pattern: String.raw`(\*\.)?[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?`,
      expected: 'a host name without port, such as "shop.example.com" or "*.example.com"',
      sentence: 'Host name without port; `*.example.com` stands for every subdomain.',
      defaultText: 'every host'
    },
    path: {
      kind: 'text',
      pattern: String.raw`/[^?#\s]*`,
      expected: 'a path that begins with "/"',
      default: '/',
      sentence: 'Prefix of the path; whole segments count: `/api` takes `/api` and `/api/x`, not `/apis`.'
    },
    application: { kind: 'text', required: true, sentence: 'Id of the application.' },
    stripPrefix: {
      kind: 'boolean',
      default: false,
      sentence: 'Whether the prefix is removed from the path the application sees.'
    },
    requestTimeout: {
      kind: 'duration',
      min: 0,
      sentence:
        'How long a request may take until the head of its response, waiting for a worker included. Then 504, or 503 when no worker had it. 0 waits for ever.',
      defaultText: '`server.requestTimeout`'
    },
    accessLog: {
      kind: 'boolean',
      default: true,
      sentence:
        'Whether its requests are in the access log, when there is one: not those of probes, for example.'
    }
  }
}

const gracefulShutdown: ObjectKey = {
  kind: 'object',
  name: 'GracefulShutdownOptions',
  sentence: 'How a stop unfolds.',
  keys: {
    drainDelay: {
      kind: 'duration',
      min: 0,
      sentence: 'How long requests are still answered as usual after the readiness probe says no.',
      defaultText: '0; 5000 in Kubernetes (when KUBERNETES_SERVICE_HOST is set)'
    },
    timeout: {
      kind: 'duration',
      min: 1,
      default: 25 * second,
      sentence: 'From the end of `drainDelay` to the moment the process kills itself, whatever still runs.'
    }
  }
}

const breaker: ObjectKey = {
  kind: 'object',
  name: 'BreakerOptions',
  sentence:
    'The circuit breaker between a caller and an application: after too many failures calls fail at once for a while. Failures are calls without an answer in time and the statuses 502, 503 and 504.',
  keys: {
    enabled: { kind: 'boolean', default: true, sentence: 'Whether calls between applications have one.' },
    edge: { kind: 'boolean', default: false, sentence: 'Whether public requests have one too.' },
    errorRatio: {
      kind: 'ratio',
      min: 0.01,
      max: 1,
      default: 0.5,
      sentence: 'Part of the calls within `window` that has to fail for the circuit to open.'
    },
    volume: {
      kind: 'integer',
      min: 1,
      default: 20,
      sentence: 'With fewer calls within `window` it does not open.'
    },
    window: { kind: 'duration', min: second, default: 10 * second, sentence: 'The time that is looked at.' },
    openFor: {
      kind: 'duration',
      min: 1,
      default: 5 * second,
      sentence: 'How long it stays open before single calls are let through to try.'
    },
    probes: {
      kind: 'integer',
      min: 1,
      default: 3,
      sentence: 'So many of them in a row have to succeed for it to close.'
    }
  }
}

const mesh: ObjectKey = {
  kind: 'object',
  name: 'MeshOptions',
  sentence: 'The network inside the process through which applications call each other.',
  keys: {
    domain: {
      kind: 'text',
      pattern: String.raw`\.?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*`,
      expected: 'a domain such as ".heddle.local"',
      default: '.heddle.local',
      sentence: 'Ending of the host names: application `api` is `http://api.heddle.local`.'
    },
    deny: {
      kind: 'map',
      by: 'id',
      of: {
        kind: 'list',
        of: { kind: 'text', sentence: 'Id of an application.' },
        sentence: 'The applications it may not call.'
      },
      default: {},
      sentence: 'For each application, the applications it may not call.'
    },
    timeout: {
      kind: 'duration',
      min: 0,
      default: 0,
      sentence: 'How long a call may wait for the head of its response. 0 waits for ever.'
    },
    slowStart: {
      kind: 'duration',
      min: 0,
      default: 2 * second,
      sentence:
        'In what time the share of a new worker grows from a tenth to its whole, so that it warms up under little load. 0 gives it all at once; the policies `hash:…` always do.'
    },
    breaker
  }
}

const admin: ObjectKey = {
  kind: 'object',
  name: 'AdminOptions',
  sentence: 'The administrative server: health probes and status. It is never on the public port.',
  keys: {
    enabled: { kind: 'boolean', default: true, sentence: 'Whether it runs.' },
    hostname: { kind: 'text', default: '127.0.0.1', sentence: 'Address it listens on.' },
    port: {
      kind: 'integer',
      min: 0,
      max: 65_535,
      sentence: 'Port it listens on; 0 takes any free one.',
      defaultText: '9090, or any free port when that one is busy',
      flag: 'admin-port',
      flagSentence: 'The port of the administrative server.',
      variables: ['HEDDLE_ADMIN_PORT']
    },
    token: {
      kind: 'text',
      isSecret: true,
      // Of what a header can carry, and what is left of it there.
      pattern: '[!-~]([ -~]*[!-~])?',
      expected: 'a text of letters, digits and signs of ASCII, without spaces around it',
      sentence:
        'Bearer token for everything under /api/v1/ over TCP. Without one, that part does not answer over TCP.'
    },
    allowedHosts: {
      kind: 'list',
      of: {
        kind: 'text',
        pattern: String.raw`(\*\.)?[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?`,
        expected: 'a host name without port, such as "ops.example.com" or "*.example.com"',
        sentence: 'A host name without port; `*.example.com` stands for every subdomain.'
      },
      default: [],
      sentence:
        'Further names under which it may be asked, beside `hostname`, localhost and IP addresses. Requests for other hosts are refused, so that no web page can reach it through a name of its own.'
    }
  }
}

/** The whole configuration. */
export const schema: ObjectKey = {
  kind: 'object',
  name: 'HeddleConfig',
  sentence: 'The configuration of Heddle.',
  keys: {
    $schema: { kind: 'text', sentence: 'Where the JSON Schema is, for editors. Nothing else reads it.' },
    name: {
      kind: 'text',
      pattern: String.raw`[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?`,
      expected: 'up to 64 letters, digits, dots, hyphens and underscores',
      sentence: 'What the server is called: commands find it by this name.',
      defaultText: 'the name of the directory of the configuration file'
    },
    applications: {
      kind: 'map',
      by: 'id',
      of: application,
      default: {},
      sentence:
        'The applications by id: lower-case letters, digits and hyphens. The id is also the host name in the mesh.'
    },
    autoload,
    entrypoint: {
      kind: 'text',
      sentence: 'Id of the application that answers what no route claims.',
      defaultText: 'the only application, or that of the route `/` for every host',
      flag: 'entrypoint',
      variables: ['HEDDLE_ENTRYPOINT']
    },
    server: { kind: 'object', name: 'ServerOptions', sentence: 'The public server.', keys: serverKeys },
    routes: {
      kind: 'list',
      of: route,
      default: [],
      sentence: 'Which application gets which requests. The longest path wins.'
    },
    workers,
    scaling,
    ...supervision,
    watch,
    maxZombies: {
      kind: 'integer',
      min: 1,
      default: 8,
      sentence:
        'How many threads may be stuck in native code for good, over all applications, before the liveness probe says no.'
    },
    env,
    envFile: { ...envFile, sentence: `${envFile.sentence} Relative to the configuration file.` },
    startTimeout: {
      kind: 'duration',
      min: 1,
      default: 30 * second,
      sentence: 'How long all workers of one application together may take to become ready.'
    },
    gracefulShutdown,
    mesh,
    admin,
    metrics,
    logger
  }
}
