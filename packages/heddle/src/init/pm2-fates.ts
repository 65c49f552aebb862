/**
 * Settings of PM2 whose fate does not depend on their value.
 *
 * Plain values, for any thread. `pm2-application.ts` reads the others.
 */
import type { Fate } from './note.ts'

const monitoring: Fate = [
  'unneeded',
  'belongs to the monitoring of PM2: heddle top, /metrics and heddle profile show what it does'
]
const processes: Fate = ['unneeded', 'is about processes: workers are threads of one']
const user: Fate = [
  'missing',
  'threads have the user of their process: start Heddle as that user (User= in a systemd unit)'
]

/** What becomes of settings of one application. */
export const applicationFates: Readonly<Record<string, Fate>> = {
  namespace: ['missing', 'there are no groups of applications: ids are all there is'],
  filter_env: [
    'missing',
    'every variable Heddle is started with reaches the applications: start it with fewer (env -i, systemd)'
  ],
  log_date_format: ['unneeded', 'every line has its time, in ISO 8601'],
  time: ['unneeded', 'every line has its time, in ISO 8601'],
  log_type: ['unneeded', 'lines are JSON wherever there is no terminal (logger.format)'],
  merge_logs: ['unneeded', 'all workers write into one log, and each line says which one'],
  combine_logs: ['unneeded', 'all workers write into one log, and each line says which one'],
  disable_logs: [
    'missing',
    'nothing is stored unless logger.file is set; logger.level: silent writes nothing at all'
  ],
  pid_file: ['missing', 'a service manager knows the process; heddle ps --json tells its id'],
  pid: ['missing', 'a service manager knows the process; heddle ps --json tells its id'],
  kill_retry_time: processes,
  treekill: processes,
  windowsHide: processes,
  force: processes,
  execute_command: processes,
  write: processes,
  shutdown_with_message: [
    'differs',
    'nobody sends messages to a thread: what is to be done at the end goes into onClose() of heddle/worker'
  ],
  append_env_to_name: ['missing', 'ids do not change with the environment'],
  name_prefix: ['missing', 'put it into the id'],
  increment_var: [
    'missing',
    'workers share one port; identity.slot of heddle/worker is the number of a worker'
  ],
  instance_var: ['missing', 'no variable holds the number of a worker: identity.slot of heddle/worker does'],
  disable_source_map_support: ['unneeded', 'stacks are mapped only with execArgv: --enable-source-maps'],
  install_url: ['unneeded', 'belongs to modules of PM2'],
  vizion: monitoring,
  pmx: monitoring,
  automation: monitoring,
  trace: monitoring,
  disable_trace: monitoring,
  v8: monitoring,
  event_loop_inspector: monitoring,
  deep_monitoring: monitoring,
  io: monitoring,
  post_update: monitoring,
  uid: user,
  gid: user,
  user,
  username: user
}

/** What becomes of what stands beside the applications. */
export const fileFates: Readonly<Record<string, Fate>> = {
  deploy: [
    'missing',
    'Heddle does not copy files to other machines: keep what does, and let it end with heddle reload'
  ],
  include: ['missing', 'other files are not read: translate them too'],
  module_conf: monitoring,
  sysmonit: monitoring
}
