/** Writes docs/reference/metrics.md from the table of the metrics. Pure. */
import type { MetricFact } from '../../packages/heddle/src/main/metrics/metric-fact.ts'

const introduction = `<!-- GENERATED from packages/heddle/src/main/metrics/facts.ts by "npm run docs": change it there. -->

# Metrics

\`GET /metrics\` of the administrative server answers in the text format of Prometheus (version 0.0.4), from shared
memory: in the same time whatever the workers do. \`?application=<id>\` gives the series of one application.
[Configuration](configuration.md): \`metrics\`.

\`\`\`yaml
scrape_configs:
  - job_name: heddle
    static_configs:
      - targets: ['127.0.0.1:9090']
\`\`\`

- Counters only grow: over restarts of a worker, over scrapes, for every scraper the same. A worker that is no longer in
  use keeps its counters as long as its application is known.
- \`worker\` is the number of the worker within its application, the same over all restarts; \`edge\` that of an edge
  thread.
- Series appear when there is something to tell: a reason of a restart when there was one, metrics of the edge in the
  mode \`edge\`.
- The bounds of the histograms of requests are those in which times are counted, two for each power of two from
  0.256 ms to 8.4 s, so that every count is exact. \`metrics.buckets\` chooses among them: for each value the nearest.
- What senders count of a request that was sent again is counted for each worker that had it.

## Metrics of applications

What an application counts itself is in the same answer, with the labels \`application\` and \`worker\` put to each
sample; a label of that name that is there already is kept as \`exported_application\` or \`exported_worker\`.

- The default registry of prom-client is found by itself. Its \`process_…\` metrics are left out: each worker would tell
  them of the whole process. They are here as \`heddle_process_…\`.
- Any other registry is given to Heddle:

\`\`\`js
import { metrics } from 'heddle/worker'

metrics(() => registry.metrics())

// OpenTelemetry, with an exporter that opens no port of its own
const exporter = new PrometheusExporter({ preventServerStart: true })
const serializer = new PrometheusSerializer()
metrics(async () => serializer.serialize((await exporter.collect()).resourceMetrics))
\`\`\`

- Workers are asked all at once and have \`metrics.applicationTimeout\`. One that is late or blocked is left out of that
  scrape, which \`heddle_application_metrics_up\` tells; everything else is there.
- One worker may tell 1 MiB. A text with a line Prometheus could not read is left out, and the log says which.
- When two tell of one name with different types, who comes first wins, in the order of applications and workers;
  \`heddle_application_metrics_conflicts\` counts the others.

## Questions and answers

\`\`\`promql
# Requests per second of each application
sum by (application) (rate(heddle_http_requests_total[1m]))

# Part of the answers that are errors
sum by (application) (rate(heddle_http_requests_total{status="5xx"}[5m]))
  / sum by (application) (rate(heddle_http_requests_total[5m]))

# 99th percentile of the response time
histogram_quantile(0.99, sum by (application, le) (rate(heddle_http_response_time_seconds_bucket[5m])))

# Workers that are missing
heddle_application_workers_desired - heddle_application_workers_ready

# Workers whose event loop is late, and those that spend their time on garbage
histogram_quantile(0.99, sum by (application, worker, le) (rate(heddle_worker_event_loop_delay_seconds_bucket[5m])))
sum by (application, worker) (rate(heddle_worker_gc_seconds_total[5m]))

# Restarts nobody asked for
sum by (application, reason) (increase(heddle_worker_restarts_total{reason!~"restart|reload"}[1h]))
\`\`\`
`

/** The text of the page. */
export function metricsPage(
  sections: Readonly<Record<string, Readonly<Record<string, MetricFact>>>>
): string {
  return [introduction, ...Object.entries(sections).map(([title, facts]) => section(title, facts))].join('\n')
}

function section(title: string, facts: Readonly<Record<string, MetricFact>>): string {
  const rows = Object.entries(facts).map(([name, { type, labels, help }]) => {
    const labelText = labels.map(label => `\`${label}\``).join(', ')
    return `| \`${name}\` | ${type} | ${labelText} | ${help.replaceAll('|', String.raw`\|`)} |`
  })
  return `## ${title}\n\n| name | type | labels | |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`
}
