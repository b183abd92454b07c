import com.almworks.sqlite4java.SQLiteConnection;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import software.amazon.dynamodb.services.local.server.LocalDynamoDBRequestHandler;
import software.amazon.dynamodb.services.local.server.LocalDynamoDBServerHandler;
import software.amazon.dynamodb.services.local.shared.access.sqlite.SQLiteLibraryLoader;

/**
 * DynamoDB Local on 127.0.0.1 only; its own main class listens on every interface.
 *
 * <p>Prints "listening PORT" on stdout once requests are answered. One database is shared by all
 * regions and credentials. The telemetry of the original main class is never set up.
 */
public final class LoopbackServer {
  private static final String USAGE =
      "usage: dynamodb_local [--port PORT] [--data-dir DIR] [--stop-on-eof]\n"
          + "  --port PORT     TCP port on 127.0.0.1; 0, the default, takes a free one\n"
          + "  --data-dir DIR  keep the tables there; without it they are in memory\n"
          + "  --stop-on-eof   stop when stdin ends, so that a dead parent leaves nothing running";

  // The server's own name for the database that all regions and credentials share.
  private static final String DATABASE = "shared-local-instance.db";

  private int port = 0;
  private Path dataDir = null;
  private boolean stopOnEof = false;

  // A field, because an unreachable lock is released by the garbage collector.
  private FileLock dataDirLock;

  public static void main(String[] arguments) {
    try {
      new LoopbackServer(arguments).run();
    } catch (UserError error) {
      die(error.getMessage());
    } catch (Exception error) {
      // Jetty wraps what the socket said.
      Throwable cause = error.getCause() == null ? error : error.getCause();
      die(error.getMessage() + " (" + cause.getMessage() + ")");
    }
  }

  private LoopbackServer(String[] arguments) throws UserError {
    for (int i = 0; i < arguments.length; i++) {
      switch (arguments[i]) {
        case "--port" -> port = parsePort(value(arguments, i++));
        case "--data-dir" -> dataDir = Path.of(value(arguments, i++)).toAbsolutePath();
        case "--stop-on-eof" -> stopOnEof = true;
        case "--help", "-h" -> {
          System.out.println(USAGE);
          System.exit(0);
        }
        default -> throw new UserError("unknown argument '" + arguments[i] + "'\n" + USAGE);
      }
    }
  }

  private void run() throws Exception {
    if (dataDir != null) {
      lockDataDir();
      useWriteAheadLog();
    }
    LocalDynamoDBRequestHandler database =
        new LocalDynamoDBRequestHandler(
            0, dataDir == null, dataDir == null ? null : dataDir.toString(), true, false);
    Server server = new Server(new InetSocketAddress("127.0.0.1", port));
    server.setHandler(new LocalDynamoDBServerHandler(database, null));
    try {
      server.start();
    } catch (IOException error) {
      throw new UserError(
          "port " + port + " on 127.0.0.1 cannot be used (" + root(error).getMessage()
              + "): choose another with --port, or 0 for a free one");
    }
    Runtime.getRuntime().addShutdownHook(new Thread(database::shutdown));
    if (stopOnEof) {
      Thread watcher = new Thread(LoopbackServer::exitAtEndOfInput);
      watcher.setDaemon(true);
      watcher.start();
    }
    System.out.println("listening " + ((ServerConnector) server.getConnectors()[0]).getLocalPort());
    server.join();
  }

  /** Holds the folder until the process ends: two servers on one SQLite file corrupt each other. */
  private void lockDataDir() throws IOException, UserError {
    try {
      Files.createDirectories(dataDir);
    } catch (IOException error) {
      throw new UserError("--data-dir " + dataDir + " cannot be made: " + error);
    }
    dataDirLock =
        FileChannel.open(
                dataDir.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)
            .tryLock();
    if (dataDirLock == null) {
      throw new UserError("--data-dir " + dataDir + " is in use by another DynamoDB Local");
    }
  }

  /**
   * Makes SQLite sync the disk once a transaction instead of three times, without which an order
   * takes two to three times as long. The file itself remembers the mode.
   */
  private void useWriteAheadLog() throws Exception {
    SQLiteLibraryLoader.initialize();
    SQLiteConnection connection = new SQLiteConnection(dataDir.resolve(DATABASE).toFile());
    try {
      connection.open(true).exec("PRAGMA journal_mode=WAL");
    } finally {
      connection.dispose();
    }
  }

  private static void exitAtEndOfInput() {
    try {
      while (System.in.read() >= 0) {}
    } catch (IOException ignored) {
      // No input is the end of input.
    }
    System.exit(0);
  }

  private static String value(String[] arguments, int i) throws UserError {
    if (i + 1 >= arguments.length) {
      throw new UserError(arguments[i] + " takes a value\n" + USAGE);
    }
    return arguments[i + 1];
  }

  private static int parsePort(String text) throws UserError {
    try {
      int port = Integer.parseInt(text);
      if (port >= 0 && port <= 65535) {
        return port;
      }
    } catch (NumberFormatException ignored) {
      // Said below.
    }
    throw new UserError("--port " + text + " is not a port from 0 to 65535");
  }

  private static Throwable root(Throwable error) {
    return error.getCause() == null ? error : root(error.getCause());
  }

  private static void die(String message) {
    System.err.println("dynamodb_local: " + message);
    System.exit(1);
  }

  private static final class UserError extends Exception {
    UserError(String message) {
      super(message);
    }
  }
}
