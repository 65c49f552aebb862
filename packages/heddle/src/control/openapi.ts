/**
 * The description of the administrative server for other programs: OpenAPI 3.1, made of the contract.
 *
 * Runs in the main thread of a server, when somebody asks for it, and where the documentation is generated. Pure.
 */
import { shapes } from './answer-shapes.ts'
import {
  answerType,
  apiRoot,
  eventsType,
  operations,
  problemType,
  progresses,
  streamType
} from './contract.ts'
import type { OperationName } from './contract.ts'
import { failureStatus } from './failure-status.ts'
import { fieldSchema, inputSchema, objectSchema, schemaRoot } from './json-schema.ts'
import type { JsonSchema } from './json-schema.ts'
import { openPaths } from './open-paths.ts'
import { operationFailures } from './operation-failures.ts'
import type { Answer, Field, Operation } from './operation.ts'

/** The document. */
export function describeApi(): JsonSchema {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [path, { summary, query, answers }] of Object.entries(openPaths)) {
    paths[path] = {
      get: {
        operationId: path.slice(1),
        summary,
        tags: ['open'],
        security: [],
        ...parametersOf([], query),
        responses: {
          ...Object.fromEntries(
            Object.entries(answers).map(([status, { sentence, type }]) => [
              status,
              { description: sentence, content: { [type]: { schema: { type: 'string' } } } }
            ])
          ),
          default: problem
        }
      }
    }
  }
  for (const [name, operation] of Object.entries(operations) as [OperationName, Operation][]) {
    const path = operation.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: operationObject(name, operation) }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Heddle management API',
      version: apiRoot.slice(apiRoot.lastIndexOf('/') + 1),
      description:
        'What can be seen of a running server and done to it. Over its unix socket no token is asked for; over TCP ' +
        'everything but the open paths needs the token of the configuration. An operation that changes something ' +
        'answers when it is done.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' }
    },
    servers: [{ url: 'http://localhost:9090', description: 'The administrative port.' }],
    security: [{ token: [] }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'The key `admin.token` of the configuration.' }
      },
      responses: {
        Problem: problemAnswer
      },
      schemas: {
        ...Object.fromEntries(
          Object.entries(shapes).map(([name, shape]) => [name, objectSchema(shape, shapes)])
        ),
        ProgressLine: progressLine
      }
    }
  }
}

const tags = {
  server: 'The server as a whole.',
  applications: 'One application.',
  workers: 'One worker of an application.',
  open: 'Needs no token.'
} as const

const problemAnswer = {
  description: 'It could not be done.',
  content: { [problemType]: { schema: { $ref: `${schemaRoot}Problem` } } }
}

const problem = { $ref: '#/components/responses/Problem' }

const progressLine: JsonSchema = {
  description: 'One line of an answer that tells how it goes. The last one has `done` or `problem`.',
  oneOf: [
    {
      type: 'object',
      description: 'Something has happened meanwhile.',
      properties: { event: { type: 'string' }, fact: { type: 'object' } },
      required: ['event', 'fact'],
      additionalProperties: false
    },
    {
      type: 'object',
      description: 'It is done; `done` is the answer.',
      properties: { done: { type: 'object' } },
      required: ['done'],
      additionalProperties: false
    },
    {
      type: 'object',
      description: 'It has failed.',
      properties: { problem: { $ref: `${schemaRoot}Problem` } },
      required: ['problem'],
      additionalProperties: false
    }
  ]
}

function operationObject(name: OperationName, operation: Operation): JsonSchema {
  const { path, summary, query, body, isOpen, answer, method } = operation
  const hasBody = isOpen || Object.keys(body).length > 0
  const isBodyNeeded = Object.values(body).some(({ required }) => required)
  return {
    operationId: name,
    summary,
    tags: [tagOf(path)],
    ...parametersOf(
      [...path.matchAll(/:(\w+)/g)].map(([, parameter = '']) => parameter),
      query
    ),
    ...(hasBody && method !== 'GET'
      ? {
          requestBody: {
            required: isBodyNeeded,
            content: { [answerType]: { schema: inputSchema(body, isOpen) } }
          }
        }
      : {}),
    responses: {
      200: { description: 'It is done.', content: contentOf(answer, progresses(operation)) },
      ...failuresOf(name),
      default: problem
    }
  }
}

/** What may go wrong, by status. */
function failuresOf(name: OperationName): JsonSchema {
  const codes = Map.groupBy(operationFailures[name], code => failureStatus[code])
  return Object.fromEntries(
    Array.from(codes, ([status, those]) => [
      status,
      { ...problemAnswer, description: `${those.join(', ')}.` }
    ])
  )
}

function tagOf(path: string): keyof typeof tags {
  if (path.includes(':slot')) return 'workers'
  return path.includes(':id') ? 'applications' : 'server'
}

function contentOf(answer: Answer, hasProgress: boolean): JsonSchema {
  if (answer.form === 'text') return { [answer.type]: { schema: { type: 'string' } } }
  if (answer.form === 'document') return { [answerType]: { schema: { type: 'object' } } }
  if (answer.form === 'events') {
    const message = `Server-sent events; the data of each is JSON, a ${answer.shape}, that of one named \`lost\` LostMessages.`
    return { [eventsType]: { schema: { type: 'string', description: message } } }
  }
  return {
    [answerType]: { schema: { $ref: schemaRoot + answer.shape } },
    ...(hasProgress
      ? {
          [streamType]: {
            schema: { type: 'string', description: 'One ProgressLine as JSON on each line, as it happens.' }
          }
        }
      : {})
  }
}

const pathParameters: Readonly<Record<string, JsonSchema>> = {
  id: {
    name: 'id',
    in: 'path',
    required: true,
    description: 'Id of the application.',
    schema: { type: 'string', minLength: 1 }
  },
  slot: {
    name: 'slot',
    in: 'path',
    required: true,
    description: 'Number of the worker, from 0.',
    schema: { type: 'integer', minimum: 0, maximum: 9999 }
  }
}

function parametersOf(
  inPath: readonly string[],
  query: Readonly<Record<string, Field>>
): { readonly parameters?: readonly unknown[] } {
  const parameters = [
    ...inPath.map(name => pathParameters[name]),
    ...Object.entries(query).map(([name, field]) => {
      const { description, ...schema } = fieldSchema(field)
      return { name, in: 'query', required: field.required, description, schema }
    })
  ]
  return parameters.length === 0 ? {} : { parameters }
}
