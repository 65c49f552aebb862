/**
 * Generates what is written down elsewhere already: the types and the JSON Schema of the configuration,
 * and the reference pages. With `--check` it writes nothing and fails with the names of what has drifted.
 *
 * Run by `npm run docs` and `npm run docs:check`.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { format } from 'oxfmt'
import type { FormatConfig } from 'oxfmt'

import { exitCodes, outcomes } from '../packages/heddle/src/cli/exit-codes.ts'
import { commands } from '../packages/heddle/src/cli/command-facts.ts'
import { schema } from '../packages/heddle/src/config/schema.ts'
import { settings } from '../packages/heddle/src/config/settings.ts'
import { shapes } from '../packages/heddle/src/control/answer-shapes.ts'
import { operations } from '../packages/heddle/src/control/contract.ts'
import { failureStatus } from '../packages/heddle/src/control/failure-status.ts'
import { openPaths } from '../packages/heddle/src/control/open-paths.ts'
import { operationFailures } from '../packages/heddle/src/control/operation-failures.ts'
import { describeApi } from '../packages/heddle/src/control/openapi.ts'
import { answerTypes } from './docs/answer-types.ts'
import { requestFacts } from '../packages/heddle/src/main/metrics/facts-requests.ts'
import { serverFacts } from '../packages/heddle/src/main/metrics/facts-server.ts'
import { workerFacts } from '../packages/heddle/src/main/metrics/facts-workers.ts'
import { MeshError } from '../packages/mesh/src/errors.ts'
import type { MeshFailures } from '../packages/mesh/src/errors.ts'
import { refusalOf } from '../packages/mesh/src/http1/error-page.ts'
import { apiPage } from './docs/api-page.ts'
import { cliPage, exitCodesPage } from './docs/cli-pages.ts'
import { configurationPage } from './docs/configuration-page.ts'
import { errorsPage } from './docs/errors-page.ts'
import { eventsPage } from './docs/events-page.ts'
import { jsonSchema } from './docs/json-schema.ts'
import { metricsPage } from './docs/metrics-page.ts'
import { optionTypes } from './docs/option-types.ts'

const root = join(import.meta.dirname, '..')

const style: FormatConfig = JSON.parse(readFileSync(join(root, '.oxfmtrc.json'), 'utf8'))

/** Generated files by their path from the root of the repository. */
const pages: Readonly<Record<string, string>> = {
  'packages/heddle/src/config/options.ts': optionTypes(schema),
  'packages/heddle/schema.json': `${JSON.stringify(jsonSchema(schema), null, 2)}\n`,
  'packages/heddle/src/control/answers.ts': answerTypes(shapes, operations),
  'docs/openapi.json': `${JSON.stringify(describeApi(), null, 2)}\n`,
  'docs/reference/configuration.md': configurationPage(schema, settings),
  'docs/reference/cli.md': cliPage(commands),
  'docs/reference/api.md': apiPage({ operations, openPaths, shapes, failureStatus, operationFailures }),
  'docs/reference/events.md': eventsPage(readFileSync(join(root, 'packages/heddle/src/events.ts'), 'utf8')),
  'docs/reference/errors.md': errorsPage({
    heddle: readFileSync(join(root, 'packages/heddle/src/errors.ts'), 'utf8'),
    mesh: readFileSync(join(root, 'packages/mesh/src/errors.ts'), 'utf8'),
    exitOf: code => new Map(Object.entries(outcomes)).get(code)?.exit,
    statusOf
  }),
  'docs/reference/exit-codes.md': exitCodesPage(exitCodes),
  'docs/reference/metrics.md': metricsPage({
    'Requests, mesh and edge': requestFacts,
    'Applications and workers': workerFacts,
    'Server and process': serverFacts
  })
}

const formatted = await Promise.all(
  Object.entries(pages).map(async ([path, text]) => [path, await formatPage(path, text)] as const)
)
const drifted = formatted.filter(([path, text]) => read(path) !== text)
if (process.argv.includes('--check')) {
  for (const [path] of drifted) process.stderr.write(`${path} has drifted: run "npm run docs".\n`)
  process.exitCode = drifted.length === 0 ? 0 : 1
} else {
  for (const [path, text] of drifted) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
    process.stdout.write(`${path}\n`)
  }
}

/** The status of the API for a code of Heddle, and the one an edge answers for a code of the mesh. */
function statusOf(code: string): number | undefined {
  if (!code.startsWith('MESH_')) return new Map(Object.entries(failureStatus)).get(code)
  // The status depends on the code alone, the facts are for the text.
  const facts = { host: '', worker: '', from: '', retryAfterMs: 0, afterMs: 0 } as never
  return refusalOf(new MeshError(code as keyof MeshFailures, facts)).status
}

/** Formatted as the whole repository is, so that the formatter finds nothing to change later. */
async function formatPage(path: string, text: string): Promise<string> {
  const { code, errors } = await format(path, text, style)
  if (errors.length > 0) throw new Error(`${path} cannot be formatted: ${JSON.stringify(errors)}`)
  return code
}

function read(path: string): string | null {
  try {
    return readFileSync(join(root, path), 'utf8')
  } catch {
    // Not generated yet, which counts as drifted.
    return null
  }
}
