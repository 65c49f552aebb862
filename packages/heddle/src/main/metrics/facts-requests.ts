/**
 * The metrics of requests, by name: those to workers, between applications, and at the edge.
 *
 * A part of `facts.ts`, apart from it only for its length.
 */

/** A part of `metricFacts`. */
export const requestFacts = {
  heddle_http_requests_total: {
    type: 'counter',
    help: 'Requests the worker has answered, by the class of their status.',
    labels: ['application', 'worker', 'status']
  },
  heddle_http_requests_lost_total: {
    type: 'counter',
    help: 'Requests sent to the worker that it has not answered, or not in time.',
    labels: ['application', 'worker']
  },
  heddle_http_requests_failed_total: {
    type: 'counter',
    help: 'Requests sent to the worker that it has not answered, or with 502, 503 or 504.',
    labels: ['application', 'worker']
  },
  heddle_http_response_time_seconds: {
    type: 'histogram',
    help: 'Time from sending a request to the worker to the head of its response.',
    labels: ['application', 'worker']
  },
  heddle_http_request_duration_seconds: {
    type: 'histogram',
    help: 'Time from the arrival of a request to the end of its response, waiting included; not of requests on connections of its own (direct and handoff mode).',
    labels: ['application', 'worker']
  },
  heddle_http_queue_time_seconds: {
    type: 'histogram',
    help: 'Time a request has waited for a worker before it was sent to this one; most do not wait.',
    labels: ['application', 'worker']
  },
  heddle_http_requests_in_flight: {
    type: 'gauge',
    help: 'Requests sent to the worker and not finished, those of a thread that is being replaced among them.',
    labels: ['application', 'worker']
  },
  heddle_http_request_retries_total: {
    type: 'counter',
    help: 'Requests sent to the worker again after another worker had failed them.',
    labels: ['application', 'worker']
  },
  heddle_http_upgrades_total: {
    type: 'counter',
    help: 'Requests the worker has answered with 101: WebSockets and other upgrades.',
    labels: ['application', 'worker']
  },
  heddle_http_request_body_bytes_total: {
    type: 'counter',
    help: 'Bytes of the bodies of requests to the worker.',
    labels: ['application', 'worker']
  },
  heddle_http_response_body_bytes_total: {
    type: 'counter',
    help: 'Bytes of the bodies of responses from the worker.',
    labels: ['application', 'worker']
  },
  heddle_mesh_requests_total: {
    type: 'counter',
    help: 'Requests sent through the mesh, by the application that sent ("edge" for public requests) and the one they were for; those that found no worker among them.',
    labels: ['from', 'to']
  },
  heddle_mesh_requests_failed_total: {
    type: 'counter',
    help: 'Of these, the ones without an answer, or answered with 502, 503 or 504.',
    labels: ['from', 'to']
  },
  heddle_mesh_circuits_open: {
    type: 'gauge',
    help: 'Threads of the first application whose calls to the second fail at once, or are only tried.',
    labels: ['from', 'to']
  },
  heddle_edge_connections: {
    type: 'gauge',
    help: 'Connections of clients that are open.',
    labels: ['edge']
  },
  heddle_edge_connections_total: {
    type: 'counter',
    help: 'Connections of clients that were accepted.',
    labels: ['edge']
  },
  heddle_edge_connections_dropped_total: {
    type: 'counter',
    help: 'Connections of clients that were closed at once, since there were as many as there may be.',
    labels: ['edge']
  },
  heddle_edge_responses_total: {
    type: 'counter',
    help: 'Responses to clients, by the class of their status as the client saw it.',
    labels: ['edge', 'status']
  },
  heddle_edge_requests_total: {
    type: 'counter',
    help: 'Requests of clients that have ended, by why: "completed" or what ended them before.',
    labels: ['edge', 'reason']
  },
  heddle_edge_requests_invalid_total: {
    type: 'counter',
    help: 'Requests that were refused because they could not be read as HTTP or were too large.',
    labels: ['edge']
  },
  heddle_edge_upgraded_connections: {
    type: 'gauge',
    help: 'WebSockets and other upgraded connections that are open.',
    labels: ['edge']
  },
  heddle_edge_upgrades_total: {
    type: 'counter',
    help: 'Connections that became WebSockets or were upgraded otherwise.',
    labels: ['edge']
  },
  heddle_edge_received_bytes_total: {
    type: 'counter',
    help: 'Bytes read from clients.',
    labels: ['edge']
  },
  heddle_edge_sent_bytes_total: {
    type: 'counter',
    help: 'Bytes written to clients.',
    labels: ['edge']
  },
  heddle_edge_state: {
    type: 'gauge',
    help: '1 for the state the edge thread is in, 0 for the others.',
    labels: ['edge', 'state']
  },
  heddle_edge_heartbeat_age_seconds: {
    type: 'gauge',
    help: 'Time since the event loop of the edge thread last turned, as it says every 0.1 s.',
    labels: ['edge']
  },
  heddle_edge_event_loop_active_seconds_total: {
    type: 'counter',
    help: 'Time in which the event loop of the edge thread was busy.',
    labels: ['edge']
  },
  heddle_edge_event_loop_idle_seconds_total: {
    type: 'counter',
    help: 'Time in which the event loop of the edge thread waited for something to do.',
    labels: ['edge']
  },
  heddle_edge_restarts_total: {
    type: 'counter',
    help: 'Edge threads that took the place of another, by why that one went.',
    labels: ['edge', 'reason']
  }
} as const
