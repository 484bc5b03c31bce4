import { answersAt } from './answers-at.ts';

answersAt('single');
