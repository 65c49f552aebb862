/**
 * A fixture with OpenTelemetry's own instrumentations of undici and http, as an application would set them
 * up, and a handler that calls on. Worker thread.
 */
import type * as Http from 'node:http'
import { createRequire } from 'node:module'

import { context, propagation, trace } from '@opentelemetry/api'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici'
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'

const exporter = new InMemorySpanExporter()
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
provider.register()
for (const instrumentation of [new HttpInstrumentation(), new UndiciInstrumentation()]) {
  instrumentation.setTracerProvider(provider)
  instrumentation.enable()
}

// What loads after the instrumentation is instrumented; the tests' threads have loaded http before.
const http = createRequire(import.meta.url)('node:http') as typeof Http
const undici = await import('undici')

async function call(client: string, url: string): Promise<string> {
  if (client === 'fetch') return (await fetch(url)).text()
  const { body } = await undici.request(url)
  return body.text()
}

/** What the thread serves: answers with the trace it is part of, or with what the next application answers. */
export const target = http.createServer((request, response) => {
  const [client, next] = [request.headers['x-client'], request.headers['x-next']]
  if (typeof next === 'string') {
    void call(String(client), next).then(text => response.end(text))
    return
  }
  if (request.url === '/destroy') {
    request.socket.destroy()
    return
  }
  response.statusCode = request.url === '/missing' ? 404 : 200
  const { traceId, spanId } = trace.getSpanContext(context.active()) ?? { traceId: '', spanId: '' }
  response.end(JSON.stringify({ traceId, spanId, traceparent: request.headers.traceparent }))
})

/** Calls on under a span of its own; resolves with that span's ids and the answer. */
export async function run(
  client: string,
  url: string,
  headers: Record<string, string> = {}
): Promise<{ traceId: string; spanId: string; text: string }> {
  return provider.getTracer('test').startActiveSpan('caller', async span => {
    const { traceId, spanId } = span.spanContext()
    try {
      if (client === 'fetch') return { traceId, spanId, text: await (await fetch(url, { headers })).text() }
      const { body } = await undici.request(url, { headers })
      return { traceId, spanId, text: await body.text() }
    } catch (error) {
      return { traceId, spanId, text: (error as Error & { code?: string }).code ?? String(error) }
    } finally {
      span.end()
    }
  })
}

/** The spans ended so far, as far as tests look at them, as soon as they are so many; and forgets them. */
export async function spans(count: number): Promise<unknown[]> {
  while (exporter.getFinishedSpans().length < count) await new Promise(resolve => setImmediate(resolve))
  const ended = exporter.getFinishedSpans().map(span => ({
    name: span.name,
    kind: span.kind,
    traceId: span.spanContext().traceId,
    spanId: span.spanContext().spanId,
    parentId: span.parentSpanContext?.spanId,
    status: span.status.code,
    attributes: span.attributes
  }))
  exporter.reset()
  return ended
}

/** What this thread would send along now: proof that propagation is set up. */
export function fields(): string[] {
  return propagation.fields()
}
