import { busConformance } from '@sluice/testing';
import { startRabbitHarness } from './harness.js';

busConformance('rabbitmq', { maxBytes: 2 * 1024 ** 2 }, startRabbitHarness);
