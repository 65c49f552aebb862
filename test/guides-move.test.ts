/** The guides for who comes from elsewhere. */
import { follow } from './guides/follow.ts'

follow('docs/from-cluster.md', 'docs/from-pm2.md', 'docs/from-watt.md')
