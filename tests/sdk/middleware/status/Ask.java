import com.nimbusds.jose.util.JSONObjectUtils;

/** Asks the program of docs/verifying/status-lists.md about each status that it is given, as JSON. */
public final class Ask {
    public static void main(String[] statuses) throws Exception {
        var lists = new StatusLists(System.getenv("ISSUER"));
        for (String status : statuses) {
            try {
                System.out.println(lists.isRevoked(JSONObjectUtils.parse(status)));
            } catch (Exception refused) {
                System.err.println(refused);
                System.out.println("refused");
            }
        }
    }
}
