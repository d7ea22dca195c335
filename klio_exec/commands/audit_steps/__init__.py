"""Steps of an audit that come with other packages."""
