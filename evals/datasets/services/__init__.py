"""What changes datasets. Each checks who may, and writes what changed down."""
