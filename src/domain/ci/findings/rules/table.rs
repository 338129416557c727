//! The patterns, in order of precedence: of all rules that match, the first one decides.
//!
//! A pattern is written for a tool's own message and begins where that message does, so that a test's output or a
//! diff that quotes it does not match. Words such as "timeout" or "connection refused" alone are no rule.

use crate::domain::ci::findings::{Class, Confidence};
use Class::{
    Cache, Cancelled, Compile, Dependency, Deployment, Lint, Network, OutOfDisk, OutOfMemory,
    Permission, RateLimit, Registry, RunnerLost, TestFailure, Timeout, WorkflowFile,
};
use Confidence::{High, Low, Medium};

#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    pub class: Class,
    pub confidence: Confidence,
    pub pattern: &'static str,
}

const fn rule(class: Class, confidence: Confidence, pattern: &'static str) -> Rule {
    Rule {
        class,
        confidence,
        pattern,
    }
}

/// What only the runner says.
#[rustfmt::skip]
pub(super) const RUNNER: &[Rule] = &[
    rule(RunnerLost, High, r"^##\[error\]The (?:hosted|self-hosted) runner.*lost communication with the server"),
    rule(RunnerLost, High, r"^##\[error\]The runner has received a shutdown signal"),
    rule(RunnerLost, High, r"^##\[error\]The job was not acquired by Runner"),
    rule(RunnerLost, Medium, r"^##\[error\]GitHub Actions has encountered an internal error"),
    rule(RunnerLost, Medium, r"^##\[error\](?:Executing the custom container implementation failed|Error: pod failed to come online)"),
    rule(Timeout, High, r"^##\[error\]The job (?:running on runner .*|was canceled because it|has) (?:has )?exceeded the maximum execution time"),
    rule(Timeout, High, r"^##\[error\]The action '.*' has timed out after "),
    rule(OutOfDisk, High, r"^##\[error\](?:System\.IO\.IOException: )?No space left on device"),
    rule(WorkflowFile, High, r"^##\[error\](?:Invalid workflow file|The (?:workflow|template) is not valid|You have an error in your yaml|[Ee]rror parsing called workflow|Unable to resolve action|Can't find 'action\.yml'|Unrecognized (?:named-value|function)|This request has been automatically failed because it uses a deprecated version)"),
    rule(Permission, High, r"(?i)^##\[error\](?:Error: )?Input required and not supplied: .*(?:token|secret|key|passw|credential)"),
    rule(WorkflowFile, High, r"^##\[error\](?:Error: )?(?:Input required and not supplied|Parameter token or opts\.auth is required)"),
];

/// What a log says.
#[rustfmt::skip]
pub(super) const LOG: &[Rule] = &[
    // The machine, where a tool says so in words of its own.
    rule(OutOfMemory, High, r"A jest worker process \(pid=[0-9]+\) was terminated by another process: signal=SIGKILL"),
    rule(OutOfMemory, High, r"^FATAL ERROR: .*(?:JavaScript heap out of memory|Allocation failed)"),
    rule(OutOfMemory, High, r"^(?:\[ *[0-9.]+\] )?(?:Out of memory|Memory cgroup out of memory): Killed process [0-9]+"),
    rule(OutOfMemory, High, r"fatal error: Killed signal terminated program|^ +process didn't exit successfully: .*\(signal: 9, SIGKILL: kill\)$"),
    rule(OutOfMemory, High, r"^(?:# There is insufficient memory for the Java Runtime|> Not enough memory to run compilation|Expiring Daemon because JVM heap space is exhausted)"),
    rule(OutOfMemory, Medium, r"^##\[error\].*\bexit code:? 137\b|^make: \*\*\* .* Error 137$|exited with code 137$"),
    rule(OutOfDisk, High, r"^ *(?:npm (?:ERR!|error) )+code ENOSPC|final link failed: No space left on device|^failed to register layer: .*no space left on device"),

    // Tests: single ones before summaries, for the signature. `Medium` is a summary.
    rule(TestFailure, High, r"^test .+ \.\.\. FAILED$"),
    rule(TestFailure, High, r"^ *(?:TRY [0-9]+ )?(?:FAIL|TIMEOUT|TMT|ABORT|SIG[A-Z]+|LEAK-FAIL) \[[ >]*[0-9.]+s\] "),
    rule(TestFailure, High, r"^(?:FAILED|ERROR) \S+\.py(?:::|$| )"),
    rule(TestFailure, High, r"^(?:FAIL|ERROR): \S+ \(\S+\)"),
    rule(TestFailure, High, r"^ *--- FAIL: "),
    rule(TestFailure, Medium, r"^panic: test timed out after "),
    rule(TestFailure, High, r"^\[ERROR\] .*<<< (?:FAILURE|ERROR)!"),
    rule(TestFailure, High, r"^[\w.$]+ > .+ FAILED$"),
    rule(TestFailure, High, r"^ *(?:Failed|\[FAIL\]) [\w.+]+\.\w+.* \[[<0-9].*\]$"),
    rule(TestFailure, High, r"^rspec \./\S+:[0-9]+ # |^(?:bin/)?rails test \S+:[0-9]+"),
    rule(TestFailure, High, r"^ *FAIL +\S+\.(?:[cm]?[jt]sx?|vue|svelte)\b"),
    rule(TestFailure, High, r"^ *[0-9]+\) \[[\w ]+\] › "),
    rule(TestFailure, High, r"^not ok [0-9]+ "),
    rule(TestFailure, High, r"^\[  FAILED  \] \S+|\*\*\*(?:Failed|Timeout|Exception)"),
    rule(TestFailure, High, r"^\S+: error: -\[\S+ \S+\] : |^Test Case '.*' failed \("),
    rule(TestFailure, High, r"^[0-9:]+ \+[0-9]+ (?:~[0-9]+ )?-[1-9][0-9]*: |^//\S+ +(?:FAILED|TIMEOUT)\b|\*\*\* FAILED \*\*\*$|: Test Failed at \S+:[0-9]+"),
    rule(TestFailure, Medium, r"^\* checking tests \.\.\. ERROR|^ *\[ FAIL [1-9]|^\[error\] Failed: Total [0-9]+|^ERROR: Package \S+ errored during testing|^\*\* TEST FAILED \*\*"),
    rule(TestFailure, Medium, r"^test result: FAILED\.|^error: (?:test|doctest|bench)(?: run)? failed"),
    rule(TestFailure, Medium, r"^=+ .*\b[0-9]+ (?:failed|errors?)\b.* in [0-9.]+s"),
    rule(TestFailure, Medium, r"^FAILED \((?:failures|errors)="),
    rule(TestFailure, Medium, r"^FAIL [\w./-]+ [0-9.]+s$"),
    rule(TestFailure, Medium, r"^\[ERROR\] +Tests run: [0-9]+, |\bThere (?:are test failures|were failing tests)"),
    rule(TestFailure, Medium, r"^[0-9]+ tests completed, [1-9][0-9]* failed"),
    rule(TestFailure, Medium, r"^Failed! +- Failed: +[1-9]"),
    rule(TestFailure, Medium, r"^[0-9]+ (?:examples?|tests?|runs|scenarios?)(?:, [0-9]+ assertions)?[,(] ?[1-9][0-9]* (?:failures?|failed)|^[0-9]+ runs, [0-9]+ assertions, [0-9]+ failures, [1-9]"),
    rule(TestFailure, Medium, r"^Tests: [0-9]+, Assertions: [0-9]+, .*(?:Failures|Errors): [1-9]"),
    rule(TestFailure, Medium, r"^ *(?:Test Suites|Test Files|Tests):? +[1-9][0-9]* failed"),
    rule(TestFailure, Medium, r"^ +[1-9][0-9]* (?:failing|failed)$|^ *✖ +[0-9]+ of [0-9]+ failed"),
    rule(TestFailure, Medium, r"^The following tests FAILED:|^Failing tests:|with [1-9][0-9]* failures? \("),
    rule(TestFailure, Medium, r"^(?:E +)?[\w.]*Assertion(?:Failed)?Error\b"),

    // The machine, in words that a test may print too.
    rule(OutOfDisk, Medium, r"(?i)\bno space left on device\b|\bENOSPC\b|Disk quota exceeded|There is not enough space on the disk|^##\[error\]You are running out of disk space"),
    rule(OutOfMemory, Medium, r"java\.lang\.OutOfMemoryError|System\.OutOfMemoryException|\bcannot allocate memory\b|Cannot allocate memory|^MemoryError\b|std::bad_alloc|: line [0-9]+: +[0-9]+ Killed |Gradle build daemon disappeared unexpectedly|virtual memory exhausted"),

    // Compilers and linters. `cargo clippy` prints the compiler's last line too.
    rule(Compile, High, r"^error\[E[0-9]{4}\]"),
    rule(Dependency, High, r": no required module provides package |missing go\.sum entry"),
    rule(Lint, High, r"^ +[|=] +(?:=? *)(?:note|help): .*(?:-D (?:clippy::|warnings)|rust-clippy/)|^ += (?:note|help): .*(?:-D (?:clippy::|warnings)|rust-clippy/)"),
    rule(Lint, High, r"^Diff in \S+:[0-9]+:?$|^Diff in \S+ at line [0-9]+:"),
    rule(Lint, High, r"✖ [0-9]+ problems? \(|Code style issues (?:were )?(?:found|detected) in|^Found [0-9]+ (?:lint )?errors?\.$"),
    rule(Lint, High, r"^\S+\.pyi?:[0-9]+:[0-9]+:? [A-Z]{1,4}[0-9]{3,4}\b|^\S+\.pyi?:[0-9]+: error: |^would reformat |^Would reformat: |^Found [0-9]+ errors? in [0-9]+ files? \(checked"),
    rule(Lint, High, r"^ *\S+\.pyi?:[0-9]+:[0-9]+ - error: |\([a-z]+-[a-z-]+\)$.*pylint"),
    rule(Lint, High, r"^\S+\.go:[0-9]+:[0-9]+: .* \([a-z]+\)$|^[0-9]+ issues?:$"),
    rule(Lint, High, r"^ *(?:info|warning|error) - \S+:[0-9]+:[0-9]+ - "),
    rule(Lint, High, r"[0-9]+ files? inspected, [1-9][0-9]* offenses? detected|^- hook id: "),
    rule(Lint, High, r"\^-*\^? SC[0-9]{4}\b|^\S*Dockerfile\S*:[0-9]+ DL[0-9]{4}\b|\bMD[0-9]{3}/|^ +[0-9]+:[0-9]+ +error +.* \([a-z-]+\)$"),
    rule(Lint, High, r"You have [0-9]+ Checkstyle violations?|The following files had format violations|Lint error >|error WHITESPACE:|error: Code formatting|FOUND [0-9]+ ERRORS? AFFECTING|actionlint"),
    rule(Compile, High, r"\berror TS[0-9]+:|\berror (?:CS|FS|BC|NETSDK)[0-9]{4}:"),
    rule(Compile, High, r"\[(?:build|setup) failed\]$|^(?:\./)?\S+\.go:[0-9]+:[0-9]+: "),
    rule(Compile, High, r"^(?:\[ERROR\] )?COMPILATION ERROR|Compilation failure|\.java:\[[0-9]+,[0-9]+\] |^e: (?:file://)?/?\S+\.kts?:|> Compilation (?:error|failed)"),
    rule(OutOfMemory, Medium, r"c\+\+: internal compiler error: Killed|cc1plus: out of memory"),
    rule(Compile, High, r"^\S+\.(?:c|cc|cpp|cxx|cu|h|hpp|m|mm|swift|scala|java|rs|zig|hs|pas|f90|dart):[0-9]+(?::[0-9]+)?: (?:fatal )?[Ee]rror: "),
    rule(Compile, High, r"undefined reference to [`']|^ld: symbol\(s\) not found|^Undefined symbols for architecture|ld returned 1 exit status"),
    rule(Compile, High, r"Module not found: (?:Error: )?Can't resolve|^error during build:|^Failed to compile\.|\bfound [1-9][0-9]* errors? and [0-9]+ warnings? in |✘ \[ERROR\] |^Type error: "),
    rule(Compile, High, r"failed to compute cache key: |dockerfile parse error|unknown instruction: "),
    rule(Compile, High, r"^(?:\*\*\* +File|SyntaxError: |IndentationError: |TabError: )|: syntax error, unexpected |^PHP Parse error"),
    rule(Compile, High, r"^Error: (?:Unsupported (?:argument|block type|attribute)|Invalid (?:reference|expression|function argument|block definition)|Missing required argument|Reference to undeclared|Argument or block definition required|Duplicate \w+)"),
    rule(Compile, High, r"^(?:Error|ERROR): (?:Compilation failed|failed to compile)|^\*\* \(CompileError\)|== Compilation error in file"),

    // What a service refused.
    rule(RateLimit, High, r"(?i)\btoo ?many ?requests\b|\bAPI rate limit exceeded\b|\bsecondary rate limit\b|\bpull rate limit\b|^ *(?:npm (?:ERR!|error) )+code E429"),
    rule(RateLimit, Medium, r"(?i)^(?:##\[error\]|error|fatal|curl|HTTP|An error occurred).*(?:\b429\b|\brate limit|ThrottlingException|Rate exceeded)"),
    rule(Cache, High, r"Restored data doesn't match checksum|^##\[error\](?:Error: )?Tar failed with error|^ *(?:npm (?:ERR!|error) )+code EINTEGRITY|DO NOT MATCH THE HASHES FROM THE REQUIREMENTS|YN0018: "),
    rule(Cache, High, r"^error: failed to (?:unpack package|verify the checksum of) |invalid gzip header|invalid entry CRC|blob sha256:[0-9a-f]+ not found|^\S*tar: Unexpected EOF in archive|Corrupted index block|EOCD not found|ZipException|integrity check failed for "),
    rule(Dependency, High, r"^ *(?:npm (?:ERR!|error) )+code (?:ERESOLVE|EUSAGE|E404|ETARGET|ENOVERSIONS|EBADENGINE|EJSONPARSE)"),
    rule(Dependency, High, r"^ERROR: (?:No matching distribution found|Could not find a version that satisfies|ResolutionImpossible|Cannot install .* conflicting dependencies)|^ *(?:×|x) No solution found when resolving|^Because .* version solving failed"),
    rule(Dependency, High, r"needs to be updated but --(?:locked|frozen) was passed|^error: (?:failed to select a version|no matching package|checksum for `.*` changed)"),
    rule(Dependency, High, r"verifying (?:module|go\.mod): checksum mismatch|^go: .*(?:unknown revision|not found: module|no matching versions|updates to go\.mod needed)"),
    rule(Dependency, High, r"Could not find artifact |^ *> Could not find [\w.-]+:[\w.-]+:|\berror NU11[0-9]{2}\b|No versions available for "),
    rule(Dependency, High, r"ERR_PNPM_(?:OUTDATED_LOCKFILE|NO_MATCHING|LOCKFILE|FROZEN|FETCH_404|PEER)|YN0028|Your lockfile needs to be updated|lock file's packageExtensionsChecksum"),
    rule(Dependency, High, r"^E: (?:Unable to locate package|Package '.*' has no installation candidate|Unable to correct problems|Version '.*' for '.*' was not found)|^E: Failed to fetch \S+ +404|nothing provides |^Error: Unable to find a match"),
    rule(Dependency, High, r"version solving (?:has )?failed|Could not find (?:gem|compatible versions)|Your requirements could not be resolved|Your lock file does not contain a compatible set|^error: Dependencies could not be resolved|poetry\.lock was last generated|^Bundler could not find compatible|does not have a provider named|no available releases match"),
    rule(Dependency, High, r"manifest (?:for .* )?(?:unknown|not found)|failed to resolve source metadata for .*: not found"),
    rule(Dependency, Medium, r"^(?:E +)?ModuleNotFoundError: No module named |^Error: Cannot find module '|^npm (?:ERR!|error) notarget"),

    rule(Permission, High, r"Resource not accessible by integration|\bBad credentials\b|permission_denied|^(?:ERROR: )?denied: |^remote: Permission to \S+ denied|GH006: Protected branch|protected branch hook declined|GH013: Repository rule"),
    rule(Permission, High, r"Permission denied \(publickey|Host key verification failed|could not read (?:Username|Password) for|The requested URL returned error: 40[13]\b|Authentication failed for '"),
    rule(Permission, High, r"^ *(?:npm (?:ERR!|error) )+code (?:E401|E403|ENEEDAUTH|EOTP)|\bunauthorized: |authentication required|no basic auth credentials|insufficient_scope|pull access denied"),
    rule(Permission, High, r"(?i)\bnot authorized to perform\b|\bAccessDenied(?:Exception)?\b|does not have (?:the )?(?:permission|required|\S+ access)|\bInvalidClientTokenId\b|\bExpiredToken|\bSignatureDoesNotMatch\b|\bPERMISSION_DENIED\b|\binvalid_grant\b|UnauthorizedOperation|Unable to locate credentials|No valid credential sources|Credentials could not be loaded|Could not assume role"),
    rule(Permission, High, r"(?i)^(?:##\[error\]|error|fatal|HTTP|ERROR:|An error occurred).*(?:\b40[13]\b|\bforbidden\b|\bunauthorized\b)|Failed to get the data key required to decrypt|sops metadata not found|gpg: (?:decryption|signing) failed|set the GH_TOKEN environment variable|\bAADSTS[0-9]{5,}|^##\[error\]Login failed"),
    rule(Permission, Medium, r"(?i)^(?:##\[error\]|error: |fatal: ).*\b(?:authentication|credentials?|api ?(?:token|key)|access token)\b"),

    rule(Deployment, High, r#"exceeded its progress deadline|(?:UPGRADE|INSTALLATION|ROLLBACK) FAILED:|timed out waiting for the condition|Error acquiring the state lock|services-stable waiter|waiting for app \\?"|^Failed to create/update the stack|_ROLLBACK_(?:COMPLETE|FAILED)\b|\(gcloud\.(?:run|app|functions)\.deploy\)"#),
    rule(Deployment, High, r"^(?:##\[error\])?(?:Error: )?(?:Deployment failed|failed to update machine|Deployment .* failed|release command failed)|CrashLoopBackOff|ImagePullBackOff|ErrImagePull|hooks? failed: .*deadline"),

    // Registries, then any other connection.
    rule(Registry, High, r"^ *(?:npm (?:ERR!|error) )+code (?:ECONNRESET|ECONNREFUSED|ECONNABORTED|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|ERR_SOCKET_TIMEOUT|EPROTO|EHOSTUNREACH|ENETUNREACH|E5[0-9]{2}|FETCH_ERROR|UND_ERR_\w+|Z_BUF_ERROR)"),
    rule(Registry, High, r#"^error An unexpected error occurred: "https?://\S+: (?:E[A-Z]+|getaddrinfo|Request failed|tunneling)|ERR_PNPM_(?:META_)?FETCH_(?:FAIL|5[0-9]{2})|\bYN0001: .*RequestError|\bESOCKETTIMEDOUT\b"#),
    rule(Registry, High, r"^error: failed to (?:download from|fetch) `?https?://|spurious network error|^ *failed to query replaced source registry|^ *download of \S+ failed$|^error: failed to download (?:replaced source|`)"),
    rule(Registry, High, r"pip\._vendor\.\S+(?:Timeout|Connection|Protocol|ChunkedEncoding|IncompleteRead|SSL)\w*Error|^ERROR: (?:Could not install packages due to an OSError: HTTPSConnectionPool|HTTP error 5[0-9]{2})|\bConnectionPool\(host='(?:pypi|files)\S* (?:Max retries|Read timed out)|CondaHTTPError|^error: Failed to fetch: `https?://"),
    rule(Registry, High, r"^E: Failed to fetch |^E: Some index files failed to download|^Error: Failed to download metadata for repo|^Err:[0-9]+ http"),
    rule(Registry, High, r#"Error response from daemon: (?:Get|Head) "https?://[^"]*": (?:net/http|dial tcp|read tcp|context deadline|EOF|unexpected EOF|remote error|received unexpected)|received unexpected HTTP status: 5[0-9]{2}|Docker pull failed with exit code"#),
    rule(Registry, High, r"(?:failed to (?:authorize|do request|fetch (?:anonymous|oauth) token|copy|resolve source metadata)|unexpected status from (?:GET|HEAD|POST|PUT) request to).*(?:\b5[0-9]{2}\b|i/o timeout|EOF|connection re(?:set|fused)|TLS handshake|context deadline|no such host)"),
    rule(Registry, High, r"\bfailed to solve: .*(?:\b50[0-9] [A-Z]|i/o timeout|DeadlineExceeded|connection reset|TLS handshake|unexpected EOF)"),
    rule(Registry, High, r"^go: .*(?:TLS handshake timeout|i/o timeout|connection re(?:set|fused)|unexpected EOF|no such host|50[0-9] |stream error|context deadline exceeded)"),
    rule(Registry, High, r"Could not transfer artifact |^ *> Could not (?:GET|HEAD) '.*'(?:\.|$)|^ *> (?:Connect to \S+ failed|Read timed out|Connection reset|Remote host terminated|Connection timed out)|Could not download \S+\.(?:jar|pom)"),
    rule(Registry, High, r"\berror NU1301\b|Response status code does not indicate success: 5[0-9]{2}.*nuget|Bundler::HTTPError|Could not fetch specs from|Gem::RemoteFetcher::FetchError|Net::OpenTimeout|^Network error while fetching"),
    rule(Registry, High, r"could not connect to registry|Error while installing \S+ v\S+: .*(?:50[0-9]|timeout|connection)|Failed to (?:request discovery document|install provider).*(?:50[0-9]|timeout)|curl error (?:6|7|28|35|52|56) while downloading|Download failed: server returned code 5[0-9]{2}|remote server returned an error: \(5[0-9]{2}\)"),

    rule(Network, High, r"^(?:fatal|error): (?:unable to access '.*': (?:Could not resolve|Failed to connect|Recv failure|Send failure|Empty reply|Operation timed out|Connection|GnuTLS|OpenSSL|SSL|HTTP/2|The requested URL returned error: 5)|RPC failed|early EOF|fetch-pack: |the remote end hung up|expected flush after)"),
    rule(Network, High, r"^kex_exchange_identification: |^ssh: (?:connect to host .*(?:timed out|refused|unreachable)|Could not resolve hostname)|^Connection (?:reset|closed) by \S+ port [0-9]+"),
    rule(Network, High, r"^curl: \((?:5|6|7|16|18|28|35|52|55|56|92)\) |^curl: \(22\) .*error: 5[0-9]{2}|^wget: unable to resolve|^Unable to establish SSL connection|\bERROR 50[0-9]: |^HTTP 50[0-9]: "),
    rule(Network, High, r"^##\[error\].*(?:\bECONNRESET\b|\bETIMEDOUT\b|\bEAI_AGAIN\b|\bENOTFOUND\b|\bECONNREFUSED\b|socket hang up|\b50[0234]\b.*(?:Bad Gateway|Service Unavailable|Gateway|Internal)|Request timeout|does not indicate success: 5[0-9]{2}|network timeout)"),
    rule(Network, Medium, r"^ *(?:[0-9]+: |Caused by: )?HTTP status server error \(50[0-9]|^error: could not download file from 'https?://|^The connection to the server \S+ was refused|^##\[error\]Unexpected HTTP response: 5[0-9]{2}|^##\[error\](?:Error: |TypeError: )?fetch failed$|Artifact (?:down|up)load failed after [0-9]+ retries"),
    rule(Network, High, r"^##\[error\](?:Error: )?Failed to (?:CreateArtifact|FinalizeArtifact|ListArtifacts|GetSignedArtifactURL|download action)|^##\[error\]Unable to (?:download|upload) artifact.*(?:50[0-9]|timeout|ECONN)"),
    rule(Network, Medium, r"^(?:\S*[Ee]rror|ERROR|fatal|FATAL|level=fatal|panic)\b.*(?:connection reset by peer|i/o timeout|TLS handshake timeout|Temporary failure in name resolution|no such host|[Cc]onnection timed out|ETIMEDOUT|ECONNRESET|EAI_AGAIN|socket hang up|503 Service Unavailable|502 Bad Gateway|504 Gateway)"),

    // Waits, and what is left.
    rule(Timeout, Medium, r"^(?:Error: )?Timed out waiting for|^##\[error\]Process completed with exit code 124\.|^Service container \S+ failed|^##\[error\](?:One or more containers failed to start|Failed to initialize container)"),
    rule(WorkflowFile, Medium, r"^##\[error\]Process completed with exit code 127\.|: command not found$"),
    rule(Compile, Medium, r"^error: could not compile |^error: aborting due to |^error: failed to run custom build command|\berror MSB[0-9]{4}:|^error: cannot find "),
    rule(Permission, Medium, r": Permission denied$"),
    rule(Cancelled, Low, r"^##\[error\]The operation was canceled\."),
];
