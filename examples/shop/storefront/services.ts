/**
 * Calls the other applications of the shop.
 *
 * Runs in each worker of the storefront. Under Heddle the addresses end in `.heddle.local` and a plain
 * `fetch` goes to a worker of the application without touching the network; where they run as programs of
 * their own, `CATALOG_URL` and its likes say where they are. Nothing else in the storefront knows.
 */

/** The applications of the shop. */
export const applications = ['storefront', 'catalog', 'accounts', 'invoices'] as const

/** Name of one application of the shop. */
export type Application = (typeof applications)[number]

/** One answer of another application, for the foot of the page. */
export interface Answer {
  /** Which worker it was, for example `catalog:1`. */
  readonly worker: string
  readonly tookMs: number
}

/** A call to another application. */
export interface Call {
  readonly path: string
  readonly method?: 'GET' | 'POST'
  /** Sent as JSON. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Calls applications on behalf of one visitor's request. */
export type CallApplication = (application: Application, call: Call) => Promise<Response>

/** How many milliseconds an application may take to begin its answer. */
const patienceMs = 10_000

/** An application that could not be reached, took too long, or failed. Anything below 500 is an answer. */
export class ServiceFailure extends Error {
  readonly application: Application
  /** Status it answered, or `null` when there was no answer. */
  readonly status: number | null

  constructor(application: Application, status: number | null, cause?: unknown) {
    super(
      status === null
        ? `The application "${application}" did not answer.`
        : `The application "${application}" answered ${status}.`,
      { cause }
    )
    this.name = 'ServiceFailure'
    this.application = application
    this.status = status
  }
}

/**
 * Makes the function that calls on behalf of one request: it hands on the id of the request, so that the
 * logs of all applications can be read together, and notes who answered.
 */
export function createCaller(requestId: string, trail: Answer[]): CallApplication {
  return async (application, { path, method = 'GET', body, headers = {} }) => {
    const from = performance.now()
    const response = await fetch(new URL(path, addressOf(application)), {
      method,
      headers: {
        'x-request-id': requestId,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'manual',
      signal: AbortSignal.timeout(patienceMs)
    }).catch((error: unknown) => {
      throw new ServiceFailure(application, null, error)
    })
    const worker = response.headers.get('x-answered-by') ?? application
    trail.push({ worker, tookMs: performance.now() - from })
    if (response.status < 500) return response
    await response.body?.cancel()
    throw new ServiceFailure(application, response.status)
  }
}

/** Reads an answer as JSON of a type that the application promises in `shared/contract.ts`. */
export async function readJson<T>(response: Response): Promise<T> {
  const content: T = JSON.parse(await response.text())
  return content
}

function addressOf(application: Application): string {
  return process.env[`${application.toUpperCase()}_URL`] ?? `http://${application}.heddle.local`
}
