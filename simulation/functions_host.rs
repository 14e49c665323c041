//! What the Azure Functions host does for a custom handler.
