import test from 'ava';
import { libp2pFactory, memoryFactory } from './kit.js';
import { portCompliance } from './port-compliance.js';

portCompliance(test, 'memory', memoryFactory());
portCompliance(test, 'libp2p', libp2pFactory);
