"""What is known of songs: what lies in the bucket, what workers tell, and the answer that follows from both."""
