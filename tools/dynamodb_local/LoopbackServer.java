import com.almworks.sqlite4java.SQLiteConnection;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Iterator;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import software.amazon.dynamodb.services.local.server.LocalDynamoDBRequestHandler;
import software.amazon.dynamodb.services.local.server.LocalDynamoDBServerHandler;
import software.amazon.dynamodb.services.local.shared.access.sqlite.SQLiteLibraryLoader;

/**
 * DynamoDB Local on 127.0.0.1 only; its own main class listens on every interface.
 *
 * <p>One database is shared by all regions and credentials. The telemetry of the original main
 * class is never set up.
 */
public final class LoopbackServer extends LoopbackProgram {
  // The server's own name for the database that all regions and credentials share.
  private static final String DATABASE = "shared-local-instance.db";

  private Path dataDir = null;

  // A field, because an unreachable lock is released by the garbage collector.
  private FileLock dataDirLock;

  public static void main(String[] arguments) {
    new LoopbackServer().run(arguments);
  }

  private LoopbackServer() {
    super(
        "dynamodb_local",
        "[--data-dir DIR] ",
        "  --data-dir DIR  keep the tables there; without it they are in memory\n");
  }

  @Override
  boolean option(String option, Iterator<String> values) throws UserError {
    if (!option.equals("--data-dir")) {
      return false;
    }
    dataDir = Path.of(value(option, values)).toAbsolutePath();
    return true;
  }

  @Override
  int start(int port) throws Exception {
    // Where SQLite's library is unpacked to.
    System.setProperty("org.sqlite.tmpdir", System.getProperty("java.io.tmpdir"));
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
      throw portInUse(port, error);
    }
    Runtime.getRuntime().addShutdownHook(new Thread(database::shutdown));
    return ((ServerConnector) server.getConnectors()[0]).getLocalPort();
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
}
