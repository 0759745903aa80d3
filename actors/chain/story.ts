/** Whose story a transaction belongs to, for traces: that of the optimum it is about, when it is about one. */
import type { SendOptions } from '../../runtime/system/actor.js';
import { inStoryOf } from '../../runtime/trace/story-id.js';
import type { TransactionBody } from './types.js';

/** Empty for the others: they stay in the story in which they are sent. */
export function storyOfTransaction(body: TransactionBody): Pick<SendOptions, 'traceId'> {
  switch (body.type) {
    case 'commit':
    case 'reveal':
    case 'vote':
    case 'challenge':
    case 'jury-vote':
      return inStoryOf(body.optimum);
    case 'transfer':
    case 'inference-pay':
    case 'attest':
    case 'channel-open':
    case 'channel-close':
    case 'channel-dispute':
    case 'domain-register':
    case 'domain-vote':
    case 'evidence':
    case 'register-evaluator':
    case 'anchor-record':
      return {};
  }
}
