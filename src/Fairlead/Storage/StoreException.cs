namespace Fairlead.Storage;

/// <summary>The store could not be reached or could not commit (away, full, read-only). Nothing of the failed call was kept, unless its answer was lost on the way; it may be tried again.</summary>
public class StoreUnavailableException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>The store's content is not what this version can work with (another program's file, a newer version, a conflicting definition). Trying again does not help; the message says what does.</summary>
public class StoreMismatchException(string message, Exception? inner = null) : InvalidOperationException(message, inner);
