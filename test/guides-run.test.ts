/** The guides about running a server. */
import { follow } from './guides/follow.ts'

follow('docs/containers.md', 'docs/debugging.md', 'docs/scaling.md')
