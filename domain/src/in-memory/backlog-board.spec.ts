import { backlogBoardContract } from '../contracts/backlog-board-contract.ts';
import { createMemoryBacklogBoard } from './backlog-board.ts';

backlogBoardContract('in memory', async () => ({ board: createMemoryBacklogBoard() }));
