// What Java and ZooKeeper make of files: for each file, what Properties.load gives, and then what
// QuorumPeerConfig does. One line a fact: file's number, kind, key, value, the last two in hex.

import java.io.FileInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import java.util.TreeSet;
import org.apache.zookeeper.server.quorum.QuorumPeer;
import org.apache.zookeeper.server.quorum.QuorumPeerConfig;

public class Judge {
    static int file;

    static String hex(Object text) {
        StringBuilder hex = new StringBuilder();
        for (byte b : String.valueOf(text).getBytes(StandardCharsets.UTF_8)) {
            hex.append(String.format("%02x", b));
        }
        return hex.toString();
    }

    static void fact(String kind, Object key, Object value) {
        System.out.println(file + "\t" + kind + "\t" + hex(key) + "\t" + hex(value));
    }

    public static void main(String[] paths) throws Exception {
        for (file = 0; file < paths.length; file++) {
            Properties properties = new Properties();
            try (FileInputStream in = new FileInputStream(paths[file])) {
                properties.load(in);
                properties.forEach((key, value) -> fact("property", key, value));
            } catch (IllegalArgumentException e) {
                fact("malformed", "", e.getMessage());
                continue;
            }
            if (properties.containsKey("clientPort")) {
                judge(paths[file]);
            }
        }
    }

    static void judge(String path) {
        for (String name : new TreeSet<>(System.getProperties().stringPropertyNames())) {
            if (name.startsWith("zookeeper.")) {
                System.clearProperty(name);
            }
        }
        QuorumPeerConfig config = new QuorumPeerConfig();
        try {
            config.parse(path);
        } catch (Exception e) {
            fact("refused", "", e + ": " + e.getCause());
            return;
        }
        fact("config", "dataDir", config.getDataDir());
        fact("config", "dataLogDir", config.getDataLogDir());
        fact("config", "client", config.getClientPortAddress());
        fact("config", "secure", config.getSecureClientPortAddress());
        fact("config", "tickTime", config.getTickTime());
        fact("config", "initLimit", config.getInitLimit());
        fact("config", "syncLimit", config.getSyncLimit());
        fact("config", "maxClientCnxns", config.getMaxClientCnxns());
        fact("config", "purgeInterval", config.getPurgeInterval());
        fact("config", "snapRetainCount", config.getSnapRetainCount());
        fact("config", "sslQuorum", config.isSslQuorum());
        fact("config", "id", config.getServerId());
        fact("config", "peerType", config.getPeerType());
        fact("config", "distributed", config.isDistributed());
        fact("config", "standalone", QuorumPeerConfig.isStandaloneEnabled());
        fact("config", "reconfig", QuorumPeerConfig.isReconfigEnabled());
        fact("config", "listenOnAll", config.getQuorumListenOnAllIPs());
        fact("config", "electionAlg", config.getElectionAlg());
        for (QuorumPeer.QuorumServer server : config.getServers().values()) {
            fact("config", "server." + server.id, server);
        }
        for (String name : System.getProperties().stringPropertyNames()) {
            if (name.startsWith("zookeeper.")) {
                fact("config", name, System.getProperty(name));
            }
        }
    }
}
