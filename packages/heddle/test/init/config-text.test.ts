/** What is written of a draft is what the loader reads, in each format. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { configName, configText } from '../../src/init/config-text.ts'
import type { Draft } from '../../src/init/draft.ts'
import { literal } from '../../src/init/literal.ts'
import { application, loaded, project, server } from './stage.ts'

const hard = literal({
  QUOTES: `it's "quoted" \\ and \n new`,
  BRACES: 'hi {NAME} {{NAME}} {not a name} {',
  EMPTY: '',
  'a-b': '\u2028'
})

const draft: Draft = {
  config: {
    applications: { 'shop-api': { entry: 'server.js', env: hard, workers: { min: 1, max: 3 } } },
    server: { port: 4000 },
    health: { maxELU: 0.5 }
  },
  remarks: {
    'applications["shop-api"]': 'not where it is',
    'applications.shop-api': 'A shop.',
    server: 'In public.'
  },
  offers: {
    server: [{ line: "hostname: '0.0.0.0'", sentence: 'For all.' }],
    '': [{ line: 'health: {}', sentence: 'No.' }]
  }
}

test('a draft comes back from its file as it was meant, in every format', async t => {
  const root = project(t, { 'server.js': server })
  for (const format of ['ts', 'js', 'json'] as const) {
    const config = await loaded(root, draft, format)
    const { env, scaling } = application(config, 'shop-api')
    assert.deepEqual(env, {
      QUOTES: `it's "quoted" \\ and \n new`,
      BRACES: 'hi {NAME} {{NAME}} {not a name} {',
      EMPTY: '',
      'a-b': '\u2028'
    })
    assert.deepEqual(
      [scaling.min, scaling.max, config.server.port, config.entrypoint],
      [1, 3, 4000, 'shop-api']
    )
  }
})

test('comments stand where they belong, and what is written already is not offered', () => {
  const text = configText(draft, 'ts')
  assert.match(text, /^\/\*\* .+ \*\/\nimport type \{ HeddleConfig \} from 'heddle'\n\nexport default \{\n/)
  assert.match(text, /\n {4}\/\/ A shop\.\n {4}'shop-api': \{/)
  assert.match(
    text,
    /\n {2}\/\/ In public\.\n {2}server: \{\n {4}port: 4000,\n {4}\/\/ For all\.\n {4}\/\/ hostname: '0\.0\.0\.0',\n {2}\}/
  )
  assert.doesNotMatch(text, /health: \{\},/)
  assert.match(text, /\n\} satisfies HeddleConfig\n$/)
  assert.match(configText(draft, 'js'), /@type \{import\('heddle'\)\.HeddleConfig\}/)
})

test('what is offered is right when its signs are taken away', async () => {
  const offered: Draft = {
    ...draft,
    offers: { server: draft.offers['server'] ?? [], '': [{ line: 'workers: 2', sentence: '' }] }
  }
  const text = configText(offered, 'js').replaceAll(/\/\/ (?=\w+: )/g, '')
  const { default: config } = (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as {
    default: unknown
  }
  assert.deepEqual(config, { ...offered.config, server: { port: 4000, hostname: '0.0.0.0' }, workers: 2 })
})

test('the name of the file says that it is a module where its package does not', () => {
  const names = (['ts', 'js', 'json'] as const).map(format => [
    configName(format, 'module'),
    configName(format, 'commonjs'),
    configName(format, null)
  ])
  assert.deepEqual(names, [
    ['heddle.config.ts', 'heddle.config.mts', 'heddle.config.mts'],
    ['heddle.config.js', 'heddle.config.mjs', 'heddle.config.mjs'],
    ['heddle.json', 'heddle.json', 'heddle.json']
  ])
})
