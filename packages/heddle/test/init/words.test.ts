/** Command lines are divided as a shell divides them, and read for what they start. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { judgeNodeOptions } from '../../src/init/node-line.ts'
import { periodOf } from '../../src/init/pm2-schedule.ts'
import { readCommand, startScripts } from '../../src/init/start-script.ts'
import { commandsIn } from '../../src/init/words.ts'

test('a line is divided into commands and words', () => {
  const cases: readonly (readonly [string, readonly (readonly string[])[]])[] = [
    ['node server.js', [['node', 'server.js']]],
    [
      'npm run build&& node .',
      [
        ['npm', 'run', 'build'],
        ['node', '.']
      ]
    ],
    [`node -e "a \\"b\\" c" 'd e' f\\ g`, [['node', '-e', 'a "b" c', 'd e', 'f g']]],
    ['a=b"c d" x; y || z | w', [['a=bc d', 'x'], ['y'], ['z'], ['w']]],
    ['  ', []]
  ]
  for (const [line, words] of cases) assert.deepEqual(commandsIn(line), words, line)
})

test('what a script starts is found through what only starts node', () => {
  const cases: readonly (readonly [line: string, tool: string, file: string | null])[] = [
    ['node server.js', 'node', 'server.js'],
    ['node --watch -r dotenv/config --import ./a.js server.js --flag', 'node', 'server.js'],
    ['NODE_ENV=production PORT=80 node .', 'node', '.'],
    ['cross-env NODE_ENV=production node dist/main', 'node', 'dist/main'],
    ['npm run build && node dist/main.js', 'node', 'dist/main.js'],
    ['nodemon', 'node', null],
    ['nodemon -w src -e ts --exec "tsx src/index.ts"', 'tsx', 'src/index.ts'],
    ['nodemon --exec ts-node src/index.ts', 'ts-node', 'src/index.ts'],
    ['tsx watch src/index.ts', 'tsx', 'src/index.ts'],
    ['npx tsx --env-file=.env src/index.ts', 'tsx', 'src/index.ts'],
    ['dotenv -e .env.local -- node app.js', 'node', 'app.js'],
    ['exec node app.js', 'node', 'app.js'],
    ['nest start --watch', 'nest', 'dist/main.js'],
    ['next start -p 3000', 'next', null],
    ['bun run src/index.ts', 'bun', 'src/index.ts'],
    ['pm2-runtime start server.js -i max', 'pm2-runtime', 'server.js'],
    ['npm run other', 'node', 'other.js'],
    ['yarn other', 'node', 'other.js']
  ]
  for (const [line, tool, file] of cases) {
    const launch = readCommand(line, { other: 'node other.js' })
    assert.deepEqual([launch?.tool, launch?.file], [tool, file], line)
  }
})

test('what starts nothing known is nothing, and scripts that call one another end', () => {
  assert.equal(readCommand('tsc && eslint .'), null)
  assert.equal(readCommand(''), null)
  assert.equal(readCommand('npm run a', { a: 'npm run b', b: 'npm run a' }), null)
})

test('what production runs comes first', () => {
  const found = startScripts({
    dev: 'tsx src/a.ts',
    start: 'PORT=81 node a.js',
    'start:prod': 'node dist/a.js'
  })
  assert.deepEqual(
    found.map(({ name, launch }) => [name, launch.file]),
    [
      ['start:prod', 'dist/a.js'],
      ['start', 'a.js'],
      ['dev', 'src/a.ts']
    ]
  )
  assert.deepEqual(found[1]?.launch.env, { PORT: '81' })
})

test('options of node become settings of a worker, or are left', () => {
  const options = [
    '--max-old-space-size=512',
    '-r',
    'dotenv/config',
    '--import=./otel.mjs',
    '--env-file=.env',
    '--watch'
  ]
  assert.deepEqual(
    judgeNodeOptions([...options, '--enable-source-maps', '--expose-gc', '--inspect=0.0.0.0:9229']),
    {
      execArgv: ['--enable-source-maps'],
      preload: ['dotenv/config', './otel.mjs'],
      envFile: '.env',
      oldGeneration: 512,
      left: ['--expose-gc', '--inspect=0.0.0.0:9229']
    }
  )
  assert.equal(judgeNodeOptions(['--max_old_space_size', '60']).oldGeneration, 60)
})

test('a cron pattern that comes at equal distances has a period', () => {
  const hour = 3_600_000
  const cases: readonly (readonly [string, number | null])[] = [
    ['*/10 * * * *', hour / 6],
    ['0 * * * *', hour],
    ['30 */6 * * *', 6 * hour],
    ['0 3 * * *', 24 * hour],
    ['0  3 * * 0', 7 * 24 * hour],
    ['0 3 */2 * *', 48 * hour],
    ['0 3 1 * *', null],
    ['0 9-17 * * 1-5', null],
    ['*/0 * * * *', null],
    ['nonsense', null]
  ]
  for (const [pattern, period] of cases) assert.equal(periodOf(pattern), period, pattern)
})
