import type { Command } from 'commander';
import type { CommandContext } from './context.js';
import { nextSignal, serverAddress, untilStopped } from './run-server.js';
import { writeNote } from './output.js';
import { announceSetup } from './setup-offer.js';
import { addSettingFlags } from './setting-flags.js';

export function fillServeCommand(serve: Command, context: CommandContext): void {
  addSettingFlags(serve, ['--host', '--port']).action(async (_flags: unknown, command: Command) => {
    const configuration = context.configuration(command);
    const signals = nextSignal();
    // Loaded here: what speaks HTTP takes a third of the time in which any other command starts.
    const { startServer } = await import('../compose/server.js');
    const server = await startServer(configuration);
    server.log.info(
      {
        address: serverAddress(configuration, server.port),
        koreaderSync: configuration.enable_koreader_sync,
        proxies: 'a proxy in front has to speak HTTP/1.1 to this server (nginx: proxy_http_version 1.1)',
      },
      configuration.enable_koreader_sync
        ? 'listening'
        : 'listening; KOReader sync is off (set enable_koreader_sync: true)',
    );
    await announceSetup(server, configuration, {
      isTerminal: process.stderr.isTTY,
      say: (lines) => {
        // Past the log, which may be kept.
        if (process.stderr.isTTY) for (const line of lines) writeNote(line);
        else server.log.info(lines.join(' '));
      },
    });
    context.exitWith(await untilStopped(server, configuration, signals));
  });
}
