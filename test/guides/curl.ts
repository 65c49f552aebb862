/**
 * What a guide means by `curl`: one request, whose answer is printed. A process of its own.
 *
 * The servers of a test take any free port: the file CURL_PORTS says which one is meant by the port of the guide.
 */
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    silent: { type: 'boolean', short: 's' },
    include: { type: 'boolean', short: 'i' },
    request: { type: 'string', short: 'X' },
    header: { type: 'string', short: 'H', multiple: true, default: [] },
    data: { type: 'string', short: 'd' },
    json: { type: 'string' }
  }
})
const [typed = ''] = positionals
const url = new URL(typed.includes('://') ? typed : `http://${typed}`)
const ports: Readonly<Record<string, number>> = JSON.parse(
  readFileSync(process.env['CURL_PORTS'] ?? '', 'utf8')
)
const port = ports[url.port]
if (port === undefined) fail(`Nothing of this guide listens on port ${url.port}.`)

const body = values.json ?? values.data
const headers = values.header.map(line => {
  const [name = '', ...rest] = line.split(':')
  return [name, rest.join(':').trim()] as const
})
const call = request({
  host: '127.0.0.1',
  port,
  path: url.pathname + url.search,
  method: values.request ?? (body === undefined ? 'GET' : 'POST'),
  agent: false,
  headers: {
    host: url.host,
    'user-agent': 'curl/8.5.0',
    accept: '*/*',
    ...(values.json === undefined ? {} : { 'content-type': 'application/json', accept: 'application/json' }),
    ...(values.data === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
    ...Object.fromEntries(headers)
  }
})
call.on('error', error => fail(error.message))
call.on('response', response => {
  const { statusCode, statusMessage, rawHeaders } = response
  if (values.include === true) {
    const lines = rawHeaders.flatMap((name, index) =>
      index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : []
    )
    process.stdout.write([`HTTP/1.1 ${statusCode} ${statusMessage}`, ...lines, '', ''].join('\n'))
  }
  response.pipe(process.stdout)
})
call.end(body)

function fail(reason: string): never {
  process.stderr.write(`curl: ${reason}\n`)
  process.exit(7)
}
