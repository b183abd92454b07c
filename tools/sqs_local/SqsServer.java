import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.elasticmq.NodeAddress;
import org.elasticmq.rest.sqs.SQSRestServer;
import org.elasticmq.rest.sqs.SQSRestServerBuilder;
import org.elasticmq.rest.sqs.TheSQSRestServerBuilder;

/** ElasticMQ on 127.0.0.1 only, in memory, with FIFO queues that are named as arguments. */
public final class SqsServer extends LoopbackProgram {
  private final List<String> queues = new ArrayList<>();

  public static void main(String[] arguments) {
    new SqsServer().run(arguments);
  }

  private SqsServer() {
    super(
        "sqs_local",
        "[--queue NAME.fifo]... ",
        "  --queue NAME    create a FIFO queue; may be repeated\n");
  }

  @Override
  boolean option(String option, Iterator<String> values) throws UserError {
    if (!option.equals("--queue")) {
      return false;
    }
    String queue = value(option, values);
    if (!queue.matches("[A-Za-z0-9_-]{1,75}\\.fifo")) {
      throw new UserError(
          "--queue " + queue + " is not the name of a FIFO queue: letters, digits, - and _, then"
              + " .fifo");
    }
    queues.add(queue);
    return true;
  }

  @Override
  int start(int port) throws Exception {
    TheSQSRestServerBuilder builder = SQSRestServerBuilder.withInterface("127.0.0.1");
    SQSRestServer server = (port == 0 ? builder.withDynamicPort() : fixed(builder, port)).start();
    int listening;
    try {
      listening = server.waitUntilStarted().localAddress().getPort();
    } catch (Exception error) {
      throw portInUse(port, error);
    }
    // Whoever sends the first request waits for classes to load, so it is sent here.
    call(listening, "Action=ListQueues");
    for (String queue : queues) {
      call(
          listening,
          "Action=CreateQueue&Attribute.1.Name=FifoQueue&Attribute.1.Value=true&QueueName="
              + URLEncoder.encode(queue, StandardCharsets.UTF_8));
    }
    return listening;
  }

  /** A queue's URL names the port, which only a port of the server's own choice does by itself. */
  private static TheSQSRestServerBuilder fixed(TheSQSRestServerBuilder builder, int port) {
    return builder.withPort(port).withServerAddress(new NodeAddress("http", "127.0.0.1", port, ""));
  }

  private static void call(int port, String form) throws IOException {
    HttpURLConnection connection =
        (HttpURLConnection) URI.create("http://127.0.0.1:" + port + "/").toURL().openConnection();
    connection.setRequestMethod("POST");
    connection.setDoOutput(true);
    connection.setRequestProperty("Content-Type", "application/x-www-form-urlencoded");
    connection.getOutputStream().write(form.getBytes(StandardCharsets.UTF_8));
    try (InputStream answer = connection.getInputStream()) {
      answer.readAllBytes();
    }
  }
}
