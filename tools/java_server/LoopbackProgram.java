import java.io.IOException;
import java.util.Arrays;
import java.util.Iterator;

/**
 * A server on 127.0.0.1 with the command line that `process.py` expects.
 *
 * <p>Prints "listening PORT" on stdout once requests are answered. A mistake of the user is one
 * message and status 1.
 */
abstract class LoopbackProgram {
  private static final String USAGE =
      "usage: %s [--port PORT] %s[--stop-on-eof]\n"
          + "  --port PORT     TCP port on 127.0.0.1; 0, the default, takes a free one\n"
          + "%s"
          + "  --stop-on-eof   stop when stdin ends, so that a dead parent leaves nothing running";

  private final String name;
  private final String usage;
  private int port = 0;
  private boolean stopOnEof = false;

  /**
   * @param synopsis the program's own options for the first line of its usage
   * @param help a line for each of them
   */
  LoopbackProgram(String name, String synopsis, String help) {
    this.name = name;
    this.usage = String.format(USAGE, name, synopsis, help);
  }

  /** Takes one of the program's own options; false when it is none. */
  abstract boolean option(String option, Iterator<String> values) throws UserError;

  /** Starts the server and returns the port that it listens on, once it answers requests. */
  abstract int start(int port) throws Exception;

  /** Runs until the process is ended. */
  final void run(String[] arguments) {
    try {
      parse(Arrays.asList(arguments).iterator());
      int listening = start(port);
      if (stopOnEof) {
        Thread watcher = new Thread(LoopbackProgram::exitAtEndOfInput);
        watcher.setDaemon(true);
        watcher.start();
      }
      System.out.println("listening " + listening);
      Thread.currentThread().join();
    } catch (UserError error) {
      die(error.getMessage());
    } catch (Exception error) {
      // Servers wrap what the socket said.
      die(error.getMessage() + " (" + root(error).getMessage() + ")");
    }
  }

  /** Returns the value of an option. */
  final String value(String option, Iterator<String> values) throws UserError {
    if (!values.hasNext()) {
      throw new UserError(option + " takes a value\n" + usage);
    }
    return values.next();
  }

  /** Says that the port cannot be had, and what to do. */
  static UserError portInUse(int port, Throwable error) {
    return new UserError(
        "port " + port + " on 127.0.0.1 cannot be used (" + root(error).getMessage()
            + "): choose another with --port, or 0 for a free one");
  }

  private void parse(Iterator<String> arguments) throws UserError {
    while (arguments.hasNext()) {
      String option = arguments.next();
      switch (option) {
        case "--port" -> port = parsePort(value(option, arguments));
        case "--stop-on-eof" -> stopOnEof = true;
        case "--help", "-h" -> {
          System.out.println(usage);
          System.exit(0);
        }
        default -> {
          if (!option(option, arguments)) {
            throw new UserError("unknown argument '" + option + "'\n" + usage);
          }
        }
      }
    }
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

  private static void exitAtEndOfInput() {
    try {
      while (System.in.read() >= 0) {}
    } catch (IOException ignored) {
      // No input is the end of input.
    }
    System.exit(0);
  }

  private static Throwable root(Throwable error) {
    return error.getCause() == null ? error : root(error.getCause());
  }

  private void die(String message) {
    System.err.println(name + ": " + message);
    // Not exit: hooks of a server that never started have nothing to save, and may hang.
    Runtime.getRuntime().halt(1);
  }

  /** What the user can put right. */
  static final class UserError extends Exception {
    UserError(String message) {
      super(message);
    }
  }
}
