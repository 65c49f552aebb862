/**
 * The image and the manifest of the container guide, held to what the server does: commands, ports, probes, and the time
 * it may take to stop. There is no daemon in a test that could build them.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runInNewContext, runInThisContext } from 'node:vm'

import type { ResolvedConfig } from '../packages/heddle/src/config/resolved.ts'
import { probes } from '../packages/heddle/src/main/admin/probes.ts'
import { a, resolveWritten } from '../packages/heddle/test/config/paper-disk.ts'
import { unitsOf } from './guides/page.ts'
import { readYaml } from './guides/yaml.ts'
import type { Yaml, YamlMap } from './guides/yaml.ts'

const page = readFileSync(join(import.meta.dirname, '../docs/containers.md'), 'utf8')
const blockOf = (language: string): string =>
  new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, 'm').exec(page)?.[1] ?? ''

/** The configuration of the guide, as it is in Kubernetes. */
function configOf(): ResolvedConfig {
  const [, written = ''] = /export default (defineConfig\([^]*\))/.exec(blockOf('ts')) ?? []
  const { server, admin } = runInThisContext(`{ const defineConfig = value => value; ${written} }`)
  const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1' }
  const resolution = resolveWritten({ ...a, server, admin }, { env })
  assert.ok(resolution.ok)
  return resolution.config
}

const config = configOf()
const dockerfile = blockOf('dockerfile')

/** Milliseconds from SIGTERM to the end of the process at most: two seconds more than its deadlines (main/operations.ts). */
function stopsWithin({ drainDelay, timeout }: ResolvedConfig['gracefulShutdown']): number {
  return drainDelay + timeout + 2000
}

/** The arguments of an instruction that is written as a list. */
function list(instruction: RegExp): readonly string[] {
  return JSON.parse(instruction.exec(dockerfile)?.[1] ?? '[]')
}

test('the image starts what the guide has tried, and is healthy when its probe is', async () => {
  assert.ok(page.includes(`$ ${list(/^CMD (.*)$/m).join(' ')}\n`))
  const [node, option, program = ''] = list(/^HEALTHCHECK .*CMD (.*)$/m)
  assert.deepEqual([node, option], ['node', '-e'])
  assert.ok(program.includes(`http://127.0.0.1:${config.admin?.port}/readyz`))
  const codeWhen = (answer: () => Promise<unknown>): Promise<number> =>
    new Promise(exit => {
      runInNewContext(program, { fetch: answer, process: { exit } })
    })
  assert.equal(await codeWhen(() => Promise.resolve({ ok: true })), 0)
  assert.equal(await codeWhen(() => Promise.resolve({ ok: false })), 1)
  assert.equal(await codeWhen(() => Promise.reject(new Error('refused'))), 1)
})

test('the image opens the ports of its configuration, and copies what npm ci needs', () => {
  assert.match(dockerfile, new RegExp(`^EXPOSE ${config.server.port} ${config.admin?.port}$`, 'm'))
  assert.deepEqual([config.server.hostname, config.admin?.hostname], ['0.0.0.0', '0.0.0.0'])
  const written = unitsOf(page).flatMap(({ steps }) => steps)
  assert.ok(written.some(step => step.kind === 'file' && step.name === 'Dockerfile'))
  assert.match(
    dockerfile,
    /^COPY package\.json package-lock\.json \.\/\nRUN npm ci --omit=dev\nCOPY \. \.\n/m
  )
})

/** What is below a place of the manifest. */
function at(from: Yaml, ...path: readonly (string | number)[]): Yaml {
  let value: Yaml = from
  for (const step of path) {
    const below: Yaml | undefined = Reflect.get(Object(value), step)
    assert.ok(below !== undefined, path.join('.'))
    value = below
  }
  return value
}

const manifest = readYaml(blockOf('yaml'))
const pod = at(manifest, 'spec', 'template', 'spec')
const container = at(pod, 'containers', 0)

test('the manifest selects its own pods, and says who they are', () => {
  const labels = at(manifest, 'spec', 'template', 'metadata', 'labels')
  assert.deepEqual(at(manifest, 'spec', 'selector', 'matchLabels'), labels)
  assert.deepEqual([at(manifest, 'apiVersion'), at(manifest, 'kind')], ['apps/v1', 'Deployment'])
  // The user node of the image.
  assert.match(dockerfile, /^USER node$/m)
  assert.equal(at(pod, 'securityContext', 'runAsUser'), 1000)
})

test('the manifest has the ports of the configuration, and scrapes the one with metrics', () => {
  assert.deepEqual(at(container, 'ports'), [
    { name: 'http', containerPort: config.server.port },
    { name: 'admin', containerPort: config.admin?.port }
  ])
  const annotations = at(manifest, 'spec', 'template', 'metadata', 'annotations')
  assert.equal(at(annotations, 'prometheus.io/port'), String(config.admin?.port))
})

for (const [probe, path] of Object.entries({
  startupProbe: '/startupz',
  livenessProbe: '/livez',
  readinessProbe: '/readyz'
})) {
  test(`the ${probe} asks ${path}, which there is`, () => {
    assert.ok(probes.has(path))
    assert.deepEqual(at(container, probe, 'httpGet'), { path, port: 'admin' })
  })
}

test('the manifest leaves the server the time to start and to stop that it takes', () => {
  const { gracefulShutdown, startTimeout } = config
  const startMs = Number(at(container, 'startupProbe', 'periodSeconds')) * 1000
  assert.ok(startMs * Number(at(container, 'startupProbe', 'failureThreshold')) > startTimeout)
  const stopMs = Number(at(pod, 'terminationGracePeriodSeconds')) * 1000
  assert.ok(stopMs >= stopsWithin(gracefulShutdown), `${stopsWithin(gracefulShutdown)} ms may be needed`)
  // What the comment and the text say.
  assert.ok(page.includes(`drainDelay (${gracefulShutdown.drainDelay / 1000} s here)`))
  assert.ok(page.includes(`gracefulShutdown.timeout (${gracefulShutdown.timeout / 1000} s)`))
  assert.ok(page.includes(`goes on answering for ${gracefulShutdown.drainDelay / 1000} s after SIGTERM`))
  assert.ok(page.includes(`within \`gracefulShutdown.timeout\` (${gracefulShutdown.timeout / 1000} s)`))
  const [, dockerStop] = /--stop-timeout (\d+)/.exec(page) ?? []
  // Outside of Kubernetes there is no delay.
  assert.ok(Number(dockerStop) * 1000 >= stopsWithin({ ...gracefulShutdown, drainDelay: 0 }))
})

test('the manifest mounts every volume it names, and leaves the commands a place for their socket', () => {
  const names = (value: Yaml): readonly Yaml[] => (value as readonly YamlMap[]).map(one => at(one, 'name'))
  assert.deepEqual(names(at(container, 'volumeMounts')), names(at(pod, 'volumes')))
  assert.equal(at(container, 'securityContext', 'readOnlyRootFilesystem'), true)
  assert.equal(at(container, 'volumeMounts', 0, 'mountPath'), '/tmp')
})

test('what is no YAML of a guide is an error', () => {
  assert.deepEqual(
    readYaml("a: { b: [1, 'x: y', true] } # no more\nc:\n  - d: http://e:1\n    f: g h\n  - null\n"),
    {
      a: { b: [1, 'x: y', true] },
      c: [{ d: 'http://e:1', f: 'g h' }, null]
    }
  )
  for (const text of ['a: 1\n  b: 2', 'a:\nb: 1', 'a: 1\na: 2', 'a: { b: 1', 'a:\n    b: 1\n  c: 2'])
    assert.throws(() => readYaml(text), text)
})
